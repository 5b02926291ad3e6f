//! Network function Storage: the event log (`IPMI 2.0 §31`), the sensor data records (`IPMI 2.0 §33`) and the inventory
//! (`IPMI 2.0 §34`), with the formats of what they hold.

pub mod allocation;
pub mod fru;
pub mod fru_image;
pub mod record_access;
pub mod sdr;
pub mod sdr_record;
pub mod sel;
pub mod sel_entry;
pub mod sel_record;
pub mod time;

pub use allocation::{AllocationInfo, GetSdrRepositoryAllocationInfo, GetSelAllocationInfo};
pub use fru::{FruData, FruInventoryAreaInfo, GetFruInventoryAreaInfo, ReadFruData};
pub use fru_image::{FruImage, FruImageError, FruText, ProductArea};
pub use record_access::{RecordId, RecordPiece, RecordRange, Reservation};
pub use sdr::{GetSdr, GetSdrRepositoryInfo, ReserveSdrRepository, SdrRepositoryInfo, SdrSupport};
pub use sdr_record::{CompactSensor, EventOnlySensor, IdString, ManagementController, SdrBody, SdrRecord};
pub use sel::{ClearSel, Erasure, ErasureProgress, GetSelEntry, GetSelInfo, ReserveSel, SelInfo, SelSupport};
pub use sel_entry::{AddSelEntry, DeleteSelEntry};
pub use sel_record::{EventDirection, SelEvent, SelRecord};
pub use time::{
    GetSdrRepositoryTime, GetSelTime, GetSelTimeUtcOffset, SelTime, SetSelTime, SetSelTimeUtcOffset,
    UtcOffset,
};
