use super::open::hex_number;

/// The id of a session, as one side chose it. Packets carry the id that their *receiver* chose.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u32);

hex_number!(SessionId, 10);

impl SessionId {
    /// What packets outside of a session carry. No session has it.
    pub const NONE: Self = Self(0);
}
