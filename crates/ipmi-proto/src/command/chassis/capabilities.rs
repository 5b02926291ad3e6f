//! Get Chassis Capabilities (`IPMI 2.0 §28.1`).

use bytes::BufMut;

use crate::command::bits::flag_byte;
use crate::command::body::{Body, BodyError, empty_body};
use crate::command::{Command, RequiredPrivilege};
use crate::number::{CommandNumber, NetFn, PrivilegeLevel};

/// Asks which chassis devices there are and where. No data bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct GetChassisCapabilities;

impl Command for GetChassisCapabilities {
    type Response = ChassisCapabilities;
    const NET_FN: NetFn = NetFn::CHASSIS;
    const COMMAND: CommandNumber = CommandNumber(0x00);
    const NAME: &'static str = "Get Chassis Capabilities";
    const PRIVILEGE: RequiredPrivilege = RequiredPrivilege::AtLeast(PrivilegeLevel::USER);
    const SECTION: &'static str = "IPMI 2.0 §28.1";
}

empty_body!(GetChassisCapabilities, "Get Chassis Capabilities request");

/// The answer: five bytes, or six with the bridge.
///
/// | byte | content |
/// |---|---|
/// | 1 | [`ChassisFeatures`] |
/// | 2 | address of the FRU information device |
/// | 3 | address of the sensor data record device |
/// | 4 | address of the system event log device |
/// | 5 | address of the system management device |
/// | 6 | address of the bridge device; optional, 20 if absent |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChassisCapabilities {
    /// What the chassis has.
    pub features: ChassisFeatures,
    /// Slave address of the FRU information device.
    pub fru_info_address: u8,
    /// Slave address of the sensor data record device.
    pub sdr_address: u8,
    /// Slave address of the system event log device.
    pub sel_address: u8,
    /// Slave address of the system management device.
    pub system_management_address: u8,
    /// Slave address of the bridge device.
    pub bridge_address: Option<u8>,
}

flag_byte! {
    /// What a chassis has.
    pub struct ChassisFeatures {
        /// Intrusion (physical security) sensor.
        INTRUSION_SENSOR = 0x01,
        /// Front panel lockout.
        FRONT_PANEL_LOCKOUT = 0x02,
        /// Front panel diagnostic interrupt.
        DIAGNOSTIC_INTERRUPT = 0x04,
        /// Power interlock.
        POWER_INTERLOCK = 0x08,
    }
}

impl Body for ChassisCapabilities {
    fn decode(data: &[u8]) -> Result<Self, BodyError> {
        let (features, fru, sdr, sel, management, bridge) = match *data {
            [features, fru, sdr, sel, management] => (features, fru, sdr, sel, management, None),
            [features, fru, sdr, sel, management, bridge] => {
                (features, fru, sdr, sel, management, Some(bridge))
            }
            _ => {
                return Err(BodyError::Length {
                    message: "Get Chassis Capabilities response",
                    len: data.len(),
                });
            }
        };
        Ok(Self {
            features: ChassisFeatures::from_bits(features),
            fru_info_address: fru,
            sdr_address: sdr,
            sel_address: sel,
            system_management_address: management,
            bridge_address: bridge,
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        out.put_u8(self.features.bits());
        out.put_u8(self.fru_info_address);
        out.put_u8(self.sdr_address);
        out.put_u8(self.sel_address);
        out.put_u8(self.system_management_address);
        if let Some(bridge) = self.bridge_address {
            out.put_u8(bridge);
        }
    }
}
