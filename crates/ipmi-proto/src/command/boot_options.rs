//! System boot options (network function Chassis, `IPMI 2.0 §28.12`, `§28.13`): what to boot from, and what
//! goes with it.
//!
//! The parameters that are typed here are those that consoles use to choose a boot device: 0 set in progress,
//! 3 boot flag valid bit clearing, 4 boot info acknowledge, 5 boot flags. All others are
//! [`BootOption::Other`], with their bytes.

pub mod boot_flags;
pub mod get;
pub mod option;
pub mod set;

pub use boot_flags::{BootDeviceSelector, BootFlags, ConsoleRedirection, FirmwareVerbosity, MuxControl};
pub use get::{BootOptionReport, GetSystemBootOptions};
pub use option::{
    BootInfoAcknowledge, BootInfoHandlers, BootOption, ParameterMark, ParameterSelector, SetInProgress,
    ValidBitRetention,
};
pub use set::{BootOptionChange, SetSystemBootOptions};
