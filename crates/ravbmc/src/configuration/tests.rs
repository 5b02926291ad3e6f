use std::io::Write;

use super::*;

const SMALLEST: &str = r#"
[cloud]
username = "someone@example.com"
password = { env = "RAVELLO_PASSWORD" }

[[application]]
name = "lab"
"#;

fn read(text: &str) -> Result<Configuration, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    Configuration::read(file.path())
        .map_err(|error| error.to_string().replace(&file.path().display().to_string(), "FILE"))
}

#[test]
fn the_smallest_file_gets_the_defaults() {
    let configuration = read(SMALLEST).unwrap();
    assert_eq!(configuration.cloud.base_url.as_str(), "https://cloud.ravellosystems.com/api/v1");
    assert_eq!(configuration.bmc.cipher_suites, [17, 3]);
    assert_eq!(configuration.applications[0].nodes, NodeSelection::AllButLowestAddress);
    assert_eq!(configuration.applications[0].min_runtime, Duration::from_secs(7200));
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let error = read(&SMALLEST.replace("username", "user-name")).unwrap_err();
    assert!(error.starts_with("FILE, line 3: unknown field `user-name`, expected one of"), "{error}");
}

#[test]
fn a_password_in_plain_text_is_refused_with_the_forms_that_are_expected() {
    let error = read(&SMALLEST.replace(r#"{ env = "RAVELLO_PASSWORD" }"#, r#""geheim""#)).unwrap_err();
    assert!(error.starts_with("FILE, line 4: "), "{error}");
    assert!(error.contains("file") && error.contains("env") && error.contains("credential"), "{error}");
}

#[test]
fn every_rule_names_the_key_it_is_about() {
    for (find, replace, expected) in [
        ("[cloud]", "[cloud]\nbase-url = \"ftp://cloud.example\"", "[cloud] base-url"),
        (
            "[cloud]",
            "[cloud]\nbase-url = \"https://me:secret@cloud.example\"",
            "[cloud] base-url contains a user",
        ),
        ("[cloud]", "[cloud]\nauthentication = \"token\"", "[cloud] token is missing"),
        ("username = \"someone@example.com\"", "", "[cloud] username is missing"),
        ("[cloud]", "[bmc]\ncipher-suites = []\n[cloud]", "[bmc] cipher-suites is empty"),
        ("[cloud]", "[bmc]\ncipher-suites = [17, 4]\n[cloud]", "[bmc] cipher-suites names 4"),
        ("[cloud]", "[bmc]\ncipher-suites = [20]\n[cloud]", "[bmc] cipher-suites names 20"),
        (
            "[cloud]",
            "[[bmc.user]]\nname = \"a\"\npassword = { env = \"X\" }\n[[bmc.user]]\nname = \"a\"\npassword = { env = \"Y\" }\n[cloud]",
            "two [[bmc.user]] with the name \"a\" and the same privilege",
        ),
        ("name = \"lab\"", "name = \"\"", "[[application]] name is empty"),
        ("name = \"lab\"", "name = \"lab\"\n[[application]]\nname = \"lab\"", "two [[application]]"),
        ("[cloud]", "[timing]\npoll-interval = \"0s\"\n[cloud]", "[timing] poll-interval"),
        (
            "[cloud]",
            "[[bmc.user]]\nname = \"abcdefghijklmnopq\"\npassword = { env = \"X\" }\n[cloud]",
            "longer than 16 bytes",
        ),
    ] {
        let error = read(&SMALLEST.replacen(find, replace, 1)).unwrap_err();
        assert!(error.contains(expected), "{replace:?}: {error}");
    }
}

#[test]
fn nodes_are_selected_by_rule_or_by_name() {
    for (value, expected) in [
        ("\"all\"", NodeSelection::All),
        ("\"all-but-lowest-address\"", NodeSelection::AllButLowestAddress),
        ("{ only = [\"node1\"] }", NodeSelection::Only(["node1".to_owned()].into())),
        ("{ except = [\"router\"] }", NodeSelection::Except(["router".to_owned()].into())),
    ] {
        let configuration = read(&format!("{SMALLEST}nodes = {value}\n")).unwrap();
        assert_eq!(configuration.applications[0].nodes, expected);
    }
}

#[test]
fn every_implemented_cipher_suite_can_be_named() {
    let all = [0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17];
    let text = SMALLEST.replace("[cloud]", &format!("[bmc]\ncipher-suites = {all:?}\n[cloud]"));
    assert_eq!(read(&text).unwrap().bmc.cipher_suites, all);
}

#[test]
fn one_name_may_have_several_users_with_different_privileges() {
    let user = |privilege| {
        format!("[[bmc.user]]\nname = \"\"\npassword = {{ env = \"X\" }}\nprivilege = \"{privilege}\"\n")
    };
    let text = ["callback", "user", "operator", "administrator"].map(user).concat() + SMALLEST;
    assert_eq!(read(&text).unwrap().bmc.users.len(), 4);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Configuration::read(Path::new("no/such.toml")).unwrap_err();
    assert!(error.to_string().starts_with("no/such.toml: cannot be read: "), "{error}");
}

/// Every key that the serialised configuration has, with the tables in front: `bmc.user.name`.
fn keys(value: &serde_json::Value, prefix: &str, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (key, value) in members {
                let path = format!("{prefix}{key}");
                found.insert(path.clone());
                keys(value, &format!("{path}."), found);
            }
        }
        serde_json::Value::Array(elements) => {
            elements.iter().for_each(|element| keys(element, prefix, found))
        }
        _ => {}
    }
}

#[test]
fn the_document_describes_every_key_and_no_other() {
    let full =
        format!("state-dir = \"x\"\n[[bmc.user]]\nname = \"a\"\npassword = {{ env = \"X\" }}\n{SMALLEST}");
    let value = serde_json::to_value(read(&full).unwrap()).unwrap();
    let mut found = BTreeSet::new();
    keys(&value, "", &mut found);
    let secret_forms = |key: &String| key.ends_with(".env");
    let tables = ["cloud", "bmc", "bmc.user", "application", "timing"];
    let implemented: BTreeSet<String> =
        found.into_iter().filter(|key| !secret_forms(key) && !tables.contains(&key.as_str())).collect();

    let text = include_str!("../../../../docs/configuration.md");
    let mut table = String::new();
    let mut documented = BTreeSet::new();
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
            let name = heading.trim_matches(['`', '[', ']']);
            table = if name == "Top level" { String::new() } else { format!("{name}.") };
        } else if let Some(key) = line.strip_prefix("| `").and_then(|rest| rest.split('`').next())
            && !key.starts_with('{')
        {
            documented.insert(format!("{table}{key}"));
        }
    }
    assert_eq!(documented, implemented);
}
