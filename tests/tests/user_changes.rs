//! Users that real clients make and change, against the daemon: effective at once, and still there after SIGKILL.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use ravbmc_tests::client::{Ipmitool, installed};
use ravbmc_tests::ravbmc::{Bmc, PASSWORD, Process, configuration, run};
use serde_json::Value;

struct Lab {
    simulator: Process,
    folder: tempfile::TempDir,
    file: PathBuf,
    daemon: Option<Process>,
}

impl Lab {
    fn start() -> Self {
        let simulator = Process::simulator(&["--nodes", "1", "--speed", "20"]);
        let folder = tempfile::tempdir().unwrap();
        let file = configuration(folder.path(), &simulator.cloud_url(), "");
        let daemon = Some(Process::serve(&file));
        Self { simulator, folder, file, daemon }
    }

    fn bmc(&self) -> Bmc {
        self.daemon.as_ref().unwrap().bmcs()[0].clone()
    }

    fn ipmitool(&self) -> Ipmitool {
        Ipmitool::new(&self.bmc())
    }

    fn lets_in(&self, user: &str, password: &str) -> bool {
        self.ipmitool().user(user).password(password).run("mc info").success
    }

    /// Kills the daemon without a warning, and starts another.
    fn kill_and_restart(&mut self) {
        self.daemon.take().unwrap().kill();
        self.daemon = Some(Process::serve(&self.file));
    }

    fn changes(&self, more: &[&str]) -> Output {
        run(&[&["changes", "--config", self.file.to_str().unwrap()], more].concat())
    }

    /// What `ravbmc changes --json` lists.
    fn listed(&self) -> Vec<Value> {
        let output = self.changes(&["--json"]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// Everything in a folder whose bytes contain a text.
fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn user_that_ipmitool_makes_survives_sigkill_right_after_each_answer() {
    if !installed("ipmitool") {
        return;
    }
    let mut lab = Lab::start();
    for (words, holds) in [
        ("user set name 3 operator", ("operator", "")),
        ("user set password 3 first-secret", ("", "")),
        ("channel setaccess 1 3 callin=on ipmi=on link=on privilege=4", ("ADMINISTRATOR", "true")),
        ("user enable 3", ("", "")),
        ("user priv 3 4 1", ("ADMINISTRATOR", "")),
    ] {
        lab.ipmitool().ok(words);
        lab.kill_and_restart();
        let list = lab.ipmitool().ok("user list 1");
        assert!(
            list.contains("operator") && list.contains(holds.0) && list.contains(holds.1),
            "{words}: {list}"
        );
    }
    lab.ipmitool().ok("user test 3 16 first-secret");
    assert!(lab.lets_in("operator", "first-secret"));
    assert!(lab.lets_in("admin", PASSWORD));

    lab.ipmitool().ok("user set password 3 a-secret-of-20-bytes 20");
    lab.kill_and_restart();
    assert!(lab.lets_in("operator", "a-secret-of-20-bytes"));
    assert!(!lab.lets_in("operator", "first-secret"));

    lab.ipmitool().ok("user disable 3");
    lab.kill_and_restart();
    assert!(!lab.lets_in("operator", "a-secret-of-20-bytes"));
    lab.ipmitool().ok("user enable 3");
    assert!(lab.lets_in("operator", "a-secret-of-20-bytes"));

    lab.ipmitool().ok("user disable 3");
    let last = lab.ipmitool().run("user disable 2");
    assert!(!last.success && last.err.contains("not supported in present state"), "{last:?}");
    drop(lab.simulator);
}

#[test]
fn user_that_maas_makes_with_freeipmi_can_log_in_at_once() {
    if !installed("ipmi-config") || !installed("ipmitool") {
        return;
    }
    let lab = Lab::start();
    let address = lab.bmc().address.to_string();
    // A folder of its own for what FreeIPMI caches.
    let home = tempfile::tempdir().unwrap();
    let config = |arguments: &[&str]| {
        let output = Command::new("ipmi-config")
            .args(["-D", "LAN_2_0", "-h", &address, "-u", "admin", "-p", PASSWORD, "-l", "ADMIN"])
            .args(arguments)
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        said.into_owned()
    };
    // One after another and in this order, as MAAS does.
    for pair in [
        "User3:Username=maas",
        "User3:Password=maas-random-pw",
        "User3:Enable_User=Yes",
        "User3:Lan_Privilege_Limit=Administrator",
        "User3:Lan_Enable_IPMI_Msgs=Yes",
        "Lan_Channel:Volatile_Access_Mode=Always_Available",
        "Lan_Channel:Non_Volatile_Access_Mode=Always_Available",
    ] {
        config(&["--commit", "-e", pair]);
    }
    assert!(lab.lets_in("maas", "maas-random-pw"));
    config(&["--commit", "-e", "User3:Password20=maas-random-password"]);
    assert!(lab.lets_in("maas", "maas-random-password"));
    config(&["--diff", "-e", "User3:Username=maas", "-e", "User3:Lan_Privilege_Limit=Administrator"]);
}

#[test]
fn changes_are_listed_and_dropped_with_the_daemon_and_without() {
    if !installed("ipmitool") {
        return;
    }
    let mut lab = Lab::start();
    assert_eq!(lab.listed(), [] as [Value; 0]);
    let admin = lab.ipmitool();
    admin.ok("user set name 3 maas");
    admin.ok("user set password 3 maas-secret");
    admin.ok("user priv 3 4 1");
    admin.ok("user enable 3");
    admin.ok("user set password 2 another-secret");
    assert!(lab.lets_in("maas", "maas-secret") && !lab.lets_in("admin", PASSWORD));

    let listed = lab.listed();
    let short: Vec<_> = listed.iter().map(|it| (&it["what"], &it["userId"], &it["change"])).collect();
    let expected = [
        (&Value::from("admin"), &Value::from(2), &Value::from("changed")),
        (&Value::from("maas"), &Value::from(3), &Value::from("added")),
    ];
    assert_eq!(short, expected);
    let text = lab.changes(&[]);
    let text = String::from_utf8_lossy(&text.stdout);
    assert!(text.contains("maas") && text.contains("administrator") && !text.contains("secret"), "{text}");

    // While the daemon runs: at once.
    assert!(lab.changes(&["--drop", "node1", "--user", "admin"]).status.success());
    assert!(lab.lets_in("admin", PASSWORD) && lab.lets_in("maas", "maas-secret"));
    let nothing = lab.changes(&["--drop", "node1", "--user", "admin"]);
    assert!(!nothing.status.success());
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("nothing of the user admin was changed"));

    // While it does not.
    lab.daemon.take().unwrap().kill();
    assert_eq!(lab.listed().len(), 1);
    assert!(lab.changes(&["--drop", "node1"]).status.success());
    lab.daemon = Some(Process::serve(&lab.file));
    assert!(!lab.lets_in("maas", "maas-secret") && lab.lets_in("admin", PASSWORD));
}

#[test]
fn entry_that_changes_in_the_configuration_rules_again() {
    if !installed("ipmitool") {
        return;
    }
    let mut lab = Lab::start();
    lab.ipmitool().ok("user set password 2 another-secret");
    lab.kill_and_restart();
    assert!(lab.lets_in("admin", "another-secret"));

    let secret = lab.folder.path().join("password");
    std::fs::write(&secret, "configured-anew\n").unwrap();
    let text = std::fs::read_to_string(&lab.file).unwrap();
    let place = format!("{{ file = \"{}\" }}", secret.display());
    std::fs::write(&lab.file, text.replace("{ env = \"RAVBMC_PASSWORD\" }", &place)).unwrap();
    lab.kill_and_restart();
    assert!(lab.lets_in("admin", "configured-anew") && !lab.lets_in("admin", "another-secret"));
    assert_eq!(lab.listed(), [] as [Value; 0]);
}

#[test]
fn changes_are_refused_where_the_configuration_alone_rules() {
    if !installed("ipmitool") {
        return;
    }
    let mut lab = Lab::start();
    lab.ipmitool().ok("user set name 3 maas");
    let text = std::fs::read_to_string(&lab.file).unwrap();
    std::fs::write(&lab.file, text.replace("[bmc]\n", "[bmc]\nuser-changes = \"refused\"\n")).unwrap();
    lab.kill_and_restart();
    let refused = lab.ipmitool().run("user set password 2 another-secret");
    assert!(!refused.success && refused.err.contains("command disabled"), "{refused:?}");
    assert!(!lab.ipmitool().ok("user list 1").contains("maas"), "what was changed earlier does not count");
    assert!(lab.lets_in("admin", PASSWORD));
}

#[test]
fn passwords_are_in_no_log_and_in_no_file_but_the_private_one() {
    if !installed("ipmitool") {
        return;
    }
    let simulator = Process::simulator(&["--nodes", "1", "--speed", "20"]);
    let folder = tempfile::tempdir().unwrap();
    let file = configuration(folder.path(), &simulator.cloud_url(), "");
    let log = folder.path().join("log");
    let daemon = Process::start_logging(&["serve", "--config", file.to_str().unwrap()], &log);
    let ipmitool = Ipmitool::new(&daemon.bmcs()[0]);
    ipmitool.ok("user set name 3 maas");
    ipmitool.ok("user set password 3 Zebra-Crossing-9");
    daemon.kill();
    let in_hexadecimal = "5a656272612d43726f7373696e672d39";
    assert_eq!(files_with(folder.path(), "Zebra-Crossing-9"), [] as [PathBuf; 0]);
    let found = files_with(folder.path(), in_hexadecimal);
    assert!(found.len() == 1 && found[0].parent().unwrap().ends_with("state/bmc-settings"), "{found:?}");
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&found[0]), mode(&folder.path().join("state"))), (0o600, 0o700));
    assert!(std::fs::read_to_string(&log).unwrap().contains("BMC user 3 changed: password"));
}
