//! DCMI (`DCMI 1.5 §6`), as far as a BMC in front of a VM has it: what there is, an asset tag, and the controller's name.
//!
//! Nothing measures power or temperatures here: capabilities say so, and a reading of power is refused with CB, "not present". The
//! texts belong to the node: its name, unless a console has written another, which is kept.

use std::sync::Arc;

use ipmi_proto::command::dcmi::{
    DcmiCapabilities, DcmiCapability, DcmiParameter, DcmiSelAttributes, DcmiSensorInfo, DcmiText,
    DcmiTextLength, DcmiTextPiece, DcmiTextRange,
};
use ipmi_proto::number::{Address, CompletionCode};

use super::lan::LAN_CHANNEL;
use crate::settings::{BmcSettings, KeptSettings};

/// The answer to Get DCMI Capabilities Info. `events` is how many events the log has room for, if there is one.
pub(super) fn capabilities(
    parameter: DcmiParameter,
    events: Option<usize>,
) -> Result<DcmiCapabilities, CompletionCode> {
    let capability = match parameter {
        DcmiParameter::SUPPORTED => DcmiCapability::Supported { power_management: false },
        DcmiParameter::PLATFORM => DcmiCapability::Platform {
            sel: match events {
                Some(_) => DcmiSelAttributes::RECORD_FLUSH
                    .with(DcmiSelAttributes::FLUSH)
                    .with(DcmiSelAttributes::ROLLOVER),
                None => DcmiSelAttributes::empty(),
            },
            entries: events.map_or(0, |events| u16::try_from(events).unwrap_or(u16::MAX)),
        },
        DcmiParameter::POWER_MANAGEMENT => DcmiCapability::PowerManagement { address: Address::BMC.0 },
        DcmiParameter::MANAGEABILITY => DcmiCapability::Manageability { lan: LAN_CHANNEL.0 },
        DcmiParameter::POWER_STATISTICS => DcmiCapability::NoPowerStatistics,
        _ => return Err(CompletionCode::INVALID_DATA_FIELD),
    };
    Ok(DcmiCapabilities::of(&capability))
}

/// No sensor here measures a temperature.
pub(super) const fn sensor_info() -> DcmiSensorInfo {
    DcmiSensorInfo { total: 0, records: Vec::new() }
}

/// The two texts that DCMI knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    /// The asset tag, which is the inventory's too.
    AssetTag,
    /// The controller's name for itself, which ends with a zero byte.
    ControllerId,
}

/// A change of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TextChange {
    text: Text,
    piece: DcmiTextPiece,
    /// The text as it is without any change.
    unchanged: Vec<u8>,
}

impl Text {
    const fn longest(self) -> usize {
        match self {
            Self::AssetTag => 63,
            Self::ControllerId => 64,
        }
    }

    /// What a console has written.
    pub(crate) const fn written(self, settings: &BmcSettings) -> Option<&Vec<u8>> {
        match self {
            Self::AssetTag => settings.asset_tag.as_ref(),
            Self::ControllerId => settings.controller_id.as_ref(),
        }
    }

    /// The text of a node with this name.
    pub(super) fn of(self, name: &str, settings: Option<&Arc<KeptSettings>>) -> Vec<u8> {
        let present = settings.map(|settings| settings.present());
        match present.as_deref().and_then(|present| self.written(present)) {
            Some(written) => written.clone(),
            None => self.unchanged(name),
        }
    }

    /// The text that follows from the node's name.
    fn unchanged(self, name: &str) -> Vec<u8> {
        match self {
            Self::AssetTag => name.bytes().take(self.longest()).collect(),
            Self::ControllerId => name.bytes().take(self.longest() - 1).chain([0]).collect(),
        }
    }

    /// The change that a console asks for.
    pub(super) fn change(self, piece: DcmiTextPiece, name: &str) -> Result<TextChange, CompletionCode> {
        let end = usize::from(piece.offset).saturating_add(piece.bytes.len());
        if piece.bytes.len() > usize::from(DcmiTextRange::LONGEST) || end > self.longest() {
            return Err(CompletionCode::PARAMETER_OUT_OF_RANGE);
        }
        Ok(TextChange { text: self, piece, unchanged: self.unchanged(name) })
    }
}

impl TextChange {
    /// The settings with the text changed, and its length: it ends where the piece does.
    pub(crate) fn settings(
        &self,
        held: &BmcSettings,
    ) -> Result<(BmcSettings, DcmiTextLength), CompletionCode> {
        let mut text = self.text.written(held).unwrap_or(&self.unchanged).clone();
        let offset = usize::from(self.piece.offset);
        if offset > text.len() {
            return Err(CompletionCode::PARAMETER_OUT_OF_RANGE);
        }
        text.truncate(offset);
        text.extend(&self.piece.bytes);
        let total = u8::try_from(text.len()).unwrap_or(u8::MAX);
        let mut settings = held.clone();
        let written = (text != self.unchanged).then_some(text);
        match self.text {
            Text::AssetTag => settings.asset_tag = written,
            Text::ControllerId => settings.controller_id = written,
        }
        Ok((settings, DcmiTextLength { total }))
    }
}

/// A piece of a text.
pub(super) fn read(text: &[u8], range: DcmiTextRange) -> Result<DcmiText, CompletionCode> {
    if range.count > DcmiTextRange::LONGEST || usize::from(range.offset) > text.len() {
        return Err(CompletionCode::PARAMETER_OUT_OF_RANGE);
    }
    let piece = text.iter().skip(usize::from(range.offset)).take(usize::from(range.count));
    let total = u8::try_from(text.len()).unwrap_or(u8::MAX);
    Ok(DcmiText { total, bytes: piece.copied().collect() })
}
