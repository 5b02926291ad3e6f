//! The bytes of an inventory (Platform Management FRU Information Storage Definition 1.0): the header and the product
//! area. The other areas are skipped when read and never written.

use std::fmt;

/// An inventory.
///
/// | byte | content |
/// |---|---|
/// | 0 | 01 |
/// | 1–5 | where the areas begin, in 8 bytes: internal, chassis, board, product, multi-record; 00 for none |
/// | 6 | 00 |
/// | 7 | makes the sum of the header 00 |
/// | 8– | the areas |
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FruImage {
    /// What the machine is, as a product.
    pub product: ProductArea,
}

/// The product area. Every text may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ProductArea {
    /// Who makes it.
    pub manufacturer: FruText,
    /// What it is called.
    pub name: FruText,
    /// Its part or model number.
    pub part_number: FruText,
    /// Its version.
    pub version: FruText,
    /// Its serial number.
    pub serial_number: FruText,
    /// What its owner calls it.
    pub asset_tag: FruText,
    /// More texts; those for which the area has no room are not written.
    pub custom: Vec<FruText>,
}

/// A text in Latin 1, at most 63 bytes.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct FruText(Vec<u8>);

/// Why bytes are no inventory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FruImageError {
    /// It ends too early.
    #[error("the inventory ends inside its {0}")]
    Truncated(&'static str),
    /// The bytes do not add up to zero.
    #[error("wrong checksum of the {0}")]
    Checksum(&'static str),
    /// A version or an encoding that this module does not know.
    #[error("unknown format of the {0}")]
    Format(&'static str),
}

const HEADER: &str = "header";
const PRODUCT: &str = "product area";
const VERSION: u8 = 0x01;
const UNIT: usize = 8;
/// An area gives its length in one byte, in units.
const LONGEST_AREA: usize = 255 * UNIT;
const ENGLISH: u8 = 0x19;
/// Latin 1 in an area whose language is English.
const TEXT: u8 = 0xc0;
const END_OF_FIELDS: u8 = 0xc1;

impl FruText {
    /// The longest text, in bytes.
    pub const MAX_LEN: usize = 63;

    /// The text, cut off after 63 characters; what is not in Latin 1 becomes a question mark. A text of one character gets
    /// a space behind it, because its length byte would be the mark for the end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let latin = |character| u8::try_from(u32::from(character)).unwrap_or(b'?');
        let mut bytes: Vec<u8> = text.chars().take(Self::MAX_LEN).map(latin).collect();
        if bytes.len() == 1 {
            bytes.push(b' ');
        }
        Self(bytes)
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.push(TEXT | u8::try_from(self.0.len()).unwrap_or_default());
        out.extend_from_slice(&self.0);
    }
}

impl fmt::Display for FruText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| fmt::Write::write_char(f, char::from(*byte)))
    }
}

impl fmt::Debug for FruText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FruText(\"{self}\")")
    }
}

impl FruImage {
    /// The bytes: header and product area.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut image = vec![VERSION, 0, 0, 0, 1, 0, 0];
        image.push(checksum(&image));
        image.extend(self.product.to_bytes());
        image
    }

    /// Reads an inventory that has a product area.
    ///
    /// # Errors
    /// [`FruImageError`].
    pub fn from_bytes(image: &[u8]) -> Result<Self, FruImageError> {
        let header = image.get(..UNIT).ok_or(FruImageError::Truncated(HEADER))?;
        if checksum(header) != 0 {
            return Err(FruImageError::Checksum(HEADER));
        }
        let [VERSION, _internal, _chassis, _board, product, ..] = *header else {
            return Err(FruImageError::Format(HEADER));
        };
        let area = image.get(usize::from(product) * UNIT..).ok_or(FruImageError::Truncated(PRODUCT))?;
        if product == 0 {
            return Err(FruImageError::Format(HEADER));
        }
        Ok(Self { product: ProductArea::from_bytes(area)? })
    }
}

impl ProductArea {
    fn to_bytes(&self) -> Vec<u8> {
        let mut area = vec![VERSION, 0, ENGLISH];
        for text in [
            &self.manufacturer,
            &self.name,
            &self.part_number,
            &self.version,
            &self.serial_number,
            &self.asset_tag,
            &FruText::default(),
        ] {
            text.encode(&mut area);
        }
        for text in &self.custom {
            if area.len() + 1 + text.0.len() <= LONGEST_AREA - 2 {
                text.encode(&mut area);
            }
        }
        area.push(END_OF_FIELDS);
        // The checksum is the last byte of the last unit.
        let units = area.len() / UNIT + 1;
        area.resize(units * UNIT - 1, 0);
        if let Some(length) = area.get_mut(1) {
            *length = u8::try_from(units).unwrap_or(u8::MAX);
        }
        area.push(checksum(&area));
        area
    }

    fn from_bytes(area: &[u8]) -> Result<Self, FruImageError> {
        let truncated = FruImageError::Truncated(PRODUCT);
        let [VERSION, units, ENGLISH, ..] = *area else { return Err(FruImageError::Format(PRODUCT)) };
        let area = area.get(..usize::from(units) * UNIT).ok_or(truncated)?;
        if checksum(area) != 0 {
            return Err(FruImageError::Checksum(PRODUCT));
        }
        let mut rest = area.get(3..).ok_or(truncated)?;
        let mut texts = Vec::new();
        loop {
            let [kind, tail @ ..] = rest else { return Err(truncated) };
            if *kind == END_OF_FIELDS {
                break;
            }
            if kind & TEXT != TEXT && *kind != 0 {
                return Err(FruImageError::Format(PRODUCT));
            }
            let (text, tail) = tail.split_at_checked(usize::from(kind & 0x3f)).ok_or(truncated)?;
            texts.push(FruText(text.to_vec()));
            rest = tail;
        }
        let mut texts = texts.into_iter();
        let mut next = || texts.next().unwrap_or_default();
        let (manufacturer, name, part_number, version) = (next(), next(), next(), next());
        let (serial_number, asset_tag, _file_id) = (next(), next(), next());
        Ok(Self {
            manufacturer,
            name,
            part_number,
            version,
            serial_number,
            asset_tag,
            custom: texts.collect(),
        })
    }
}

/// What makes the sum of the bytes 00.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_sub(*byte))
}
