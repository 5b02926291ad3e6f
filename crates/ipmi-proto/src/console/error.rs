//! Why a console gave up.

use std::fmt;

use crate::number::{CipherSuiteId, CompletionCode, PrivilegeLevel, RmcpStatus};

/// A step on the way into a session, or inside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Get Channel Authentication Capabilities.
    Capabilities,
    /// Get Channel Cipher Suites.
    CipherSuites,
    /// Open Session Request.
    OpenSession,
    /// RAKP 1.
    Rakp1,
    /// RAKP 3.
    Rakp3,
    /// Set Session Privilege Level.
    Privilege,
    /// A request of the caller.
    Request,
    /// Close Session.
    Close,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Capabilities => "Get Channel Authentication Capabilities",
            Self::CipherSuites => "Get Channel Cipher Suites",
            Self::OpenSession => "Open Session Request",
            Self::Rakp1 => "RAKP message 1",
            Self::Rakp3 => "RAKP message 3",
            Self::Privilege => "Set Session Privilege Level",
            Self::Request => "the request",
            Self::Close => "Close Session",
        })
    }
}

/// Why a console gave up. Every cause ends the session, but for [`ConsoleError::NoAnswer`] of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// Every try stayed unanswered.
    #[error("no answer to {step}")]
    NoAnswer {
        /// What was not answered.
        step: Step,
    },
    /// The managed system has no IPMI 2.0 sessions.
    #[error("the managed system does not offer IPMI 2.0 sessions")]
    NoIpmi20,
    /// The managed system refuses the cipher suite, or offers none that both sides can use.
    #[error("no cipher suite match{}", suite.map(|id| format!(" (asked for suite {})", id.0)).unwrap_or_default())]
    NoCipherSuite {
        /// The suite that was asked for.
        suite: Option<CipherSuiteId>,
    },
    /// This crate cannot speak the cipher suite that the configuration names.
    #[error("cipher suite {} is not supported", suite.0)]
    UnsupportedCipherSuite {
        /// The suite.
        suite: CipherSuiteId,
    },
    /// The managed system does not know the user.
    #[error("unknown user name")]
    UnknownUser,
    /// The two sides do not have the same password.
    #[error("wrong password")]
    WrongPassword,
    /// The password is right, the key Kg is not.
    #[error("wrong BMC key (Kg)")]
    WrongBmcKey,
    /// The user or the channel may not have the privilege level.
    #[error("privilege level {level} refused")]
    PrivilegeRefused {
        /// The level that was asked for.
        level: PrivilegeLevel,
    },
    /// The managed system has no free session.
    #[error("the managed system has no free session")]
    NoFreeSession,
    /// The managed system refused for another reason.
    #[error("{step} refused: {status}")]
    Refused {
        /// What it refused.
        step: Step,
        /// The reason it gave.
        status: RmcpStatus,
    },
    /// The managed system answered a command of the login with an error.
    #[error("{step} failed: {completion_code}")]
    Failed {
        /// The command.
        step: Step,
        /// How it ended.
        completion_code: CompletionCode,
    },
    /// The managed system answered with something that makes no sense.
    #[error("{step} was answered with nonsense")]
    Protocol {
        /// What was answered.
        step: Step,
    },
    /// The console was closed, or never opened.
    #[error("the session is closed")]
    Closed,
}
