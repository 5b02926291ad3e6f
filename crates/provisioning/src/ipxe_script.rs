//! The iPXE script of the CD-ROM: boots from the network, or else reboots; never from the local disk (`lab.md §2`).
//!
//! Why it must not fall through to the disk: after Ironic has written an image, the machine reboots by itself, before
//! Ironic's own power cycle. If that reboot found the disk, the image's first boot would be cut in half a minute later.
//! So every way through this script ends in `reboot`, also the one after a boot program that returned.
//!
//! What it cannot prevent: that a server sends a script which boots the disk (`sanboot`), as Ironic does with
//! `[pxe]enable_netboot_fallback`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

/// What the script does before the last resort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpxeScript {
    /// How the network boot is tried.
    pub attempt: Attempt,
    /// How long a person has to press Ctrl-B for a shell; zero leaves the question out.
    pub shell_prompt: Duration,
    /// How long a person can read what went wrong before the reboot; zero reboots at once.
    pub reboot_prompt: Duration,
}

/// How a network boot is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// iPXE's own way: every interface, every protocol. On a network without an IPv6 router it waits some 13 s for one
    /// after the lease, and a first interface on which nobody answers costs another 16 s.
    Autoboot,
    /// DHCP for IPv4 only, on these interfaces in this order: `2` is iPXE's `net2`.
    Interfaces(Vec<u8>),
}

/// A script that would not do what it is for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusableScript {
    /// Nothing to boot from.
    #[error("the script names no interface to boot from")]
    NoInterface,
    /// An interface stands in the order twice.
    #[error("interface net{0} stands in the order twice")]
    TwiceInOrder(u8),
    /// iPXE counts in milliseconds, with 32 bits.
    #[error("a prompt of {} s is too long; the longest is a day", .0.as_secs())]
    LongPrompt(Duration),
}

/// The longest prompt.
const LONGEST_PROMPT: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for IpxeScript {
    /// The predecessor's prompts, and the first four interfaces in order.
    fn default() -> Self {
        Self {
            attempt: Attempt::Interfaces(vec![0, 1, 2, 3]),
            shell_prompt: Duration::from_secs(2),
            reboot_prompt: Duration::from_secs(30),
        }
    }
}

impl IpxeScript {
    /// Writes the script.
    ///
    /// # Errors
    /// [`UnusableScript`].
    pub fn text(&self) -> Result<String, UnusableScript> {
        let mut text =
            "#!ipxe\n# Boots from the network, or else reboots: never from the local disk.\n".to_owned();
        // A timeout of 0 would wait for ever.
        if let Some(milliseconds) = milliseconds(self.shell_prompt)? {
            let _ = writeln!(
                text,
                "prompt --key 0x02 --timeout {milliseconds} Press Ctrl-B for the iPXE shell && shell ||"
            );
        }
        match &self.attempt {
            Attempt::Autoboot => text.push_str("autoboot ||\n"),
            Attempt::Interfaces(order) => {
                check_order(order)?;
                for interface in order {
                    let net = format!("net{interface}");
                    let _ = writeln!(
                        text,
                        "isset ${{{net}/mac}} && ifconf -c dhcp {net} && chain ${{{net}/filename}} ||"
                    );
                    // An open interface with a gateway would be iPXE's way to everything, also to the next one's server.
                    let _ = writeln!(text, "isset ${{{net}/mac}} && ifclose {net} ||");
                }
            }
        }
        text.push_str("echo Nothing was booted from the network\n");
        if let Some(milliseconds) = milliseconds(self.reboot_prompt)? {
            let _ = writeln!(text, "prompt --timeout {milliseconds} Press any key to reboot now ||");
        }
        text.push_str("reboot\n");
        Ok(text)
    }
}

/// The time for a prompt; `None` for no prompt at all.
fn milliseconds(prompt: Duration) -> Result<Option<u128>, UnusableScript> {
    if prompt > LONGEST_PROMPT {
        return Err(UnusableScript::LongPrompt(prompt));
    }
    Ok((!prompt.is_zero()).then(|| prompt.as_millis().max(1)))
}

fn check_order(order: &[u8]) -> Result<(), UnusableScript> {
    let mut seen = BTreeSet::new();
    match order.iter().find(|interface| !seen.insert(**interface)) {
        Some(twice) => Err(UnusableScript::TwiceInOrder(*twice)),
        None if order.is_empty() => Err(UnusableScript::NoInterface),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_ends_in_a_reboot_and_none_exits() {
        for attempt in [Attempt::Autoboot, Attempt::Interfaces(vec![1, 0])] {
            for prompt in [Duration::ZERO, Duration::from_millis(300)] {
                let script =
                    IpxeScript { attempt: attempt.clone(), shell_prompt: prompt, reboot_prompt: prompt };
                let text = script.text().unwrap();
                assert_eq!((text.lines().next(), text.lines().last()), (Some("#!ipxe"), Some("reboot")));
                assert!(
                    !text.contains("exit") && !text.contains("sanboot") && !text.contains("--timeout 0 "),
                    "{text}"
                );
                // A command that fails must not end the script: iPXE would leave, and the disk would boot.
                for line in text.lines().filter(|line| !line.starts_with('#')) {
                    assert!(line.ends_with(" ||") || line.starts_with("echo ") || line == "reboot", "{line}");
                }
            }
        }
    }

    #[test]
    fn the_order_of_interfaces_is_kept() {
        let script = IpxeScript { attempt: Attempt::Interfaces(vec![1, 0]), ..IpxeScript::default() };
        let text = script.text().unwrap();
        assert!(text.find("dhcp net1") < text.find("dhcp net0"), "{text}");
    }

    #[test]
    fn scripts_that_boot_from_nowhere_or_wait_for_ever_are_refused() {
        let of = |attempt| IpxeScript { attempt, ..IpxeScript::default() }.text().unwrap_err();
        assert_eq!(of(Attempt::Interfaces(vec![])), UnusableScript::NoInterface);
        assert_eq!(of(Attempt::Interfaces(vec![1, 1])), UnusableScript::TwiceInOrder(1));
        let long = Duration::from_secs(90_000);
        let script = IpxeScript { reboot_prompt: long, ..IpxeScript::default() };
        assert_eq!(script.text(), Err(UnusableScript::LongPrompt(long)));
    }
}
