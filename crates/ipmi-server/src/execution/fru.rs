//! The inventory of the node (`IPMI 2.0 §34`): one device, 00, with a product area.

use std::fmt;
use std::sync::Arc;

use ipmi_proto::command::storage::{
    FruData, FruImage, FruInventoryAreaInfo, FruText, GetFruInventoryAreaInfo, ProductArea, ReadFruData,
};
use ipmi_proto::number::CompletionCode;
use machine::{Inventory, NodeDescription, NodeId};

use super::dcmi::Text;
use crate::settings::KeptSettings;

/// The only inventory device: the node itself.
const SYSTEM: u8 = 0;

/// The most bytes in one answer; consoles ask for 32 at most.
const LONGEST_PIECE: usize = 128;

/// What the inventory is made of.
pub(super) struct FruInventory {
    node: NodeId,
    inventory: Option<Arc<dyn Inventory>>,
    /// What is certain without asking anybody: the name of the BMC and the id of the node.
    fallback: NodeDescription,
    /// Where another asset tag may be kept.
    settings: Option<Arc<KeptSettings>>,
}

impl FruInventory {
    pub(super) fn new(
        node: NodeId,
        name: &str,
        inventory: Option<Arc<dyn Inventory>>,
        settings: Option<Arc<KeptSettings>>,
    ) -> Self {
        let fallback = NodeDescription {
            name: name.to_owned(),
            manufacturer: String::new(),
            product: "Virtual Machine".to_owned(),
            serial: node.as_str().to_owned(),
            cpus: None,
            memory_bytes: None,
        };
        Self { node, inventory, fallback, settings }
    }

    pub(super) fn area_info(
        &self,
        request: GetFruInventoryAreaInfo,
    ) -> Result<FruInventoryAreaInfo, CompletionCode> {
        let image = self.image(request.device)?;
        Ok(FruInventoryAreaInfo { size: u16::try_from(image.len()).unwrap_or(u16::MAX), by_words: false })
    }

    pub(super) fn read(&self, request: ReadFruData) -> Result<FruData, CompletionCode> {
        let image = self.image(request.device)?;
        let rest = image.get(usize::from(request.offset)..).filter(|rest| !rest.is_empty());
        let rest = rest.ok_or(CompletionCode::PARAMETER_OUT_OF_RANGE)?;
        let count = usize::from(request.count).min(LONGEST_PIECE);
        Ok(FruData { data: rest.iter().copied().take(count).collect() })
    }

    /// The name that people gave the node.
    pub(super) fn name(&self) -> String {
        self.described().name
    }

    fn described(&self) -> NodeDescription {
        let described = self.inventory.as_ref().and_then(|inventory| inventory.describe(&self.node));
        described.unwrap_or_else(|| self.fallback.clone())
    }

    fn image(&self, device: u8) -> Result<Vec<u8>, CompletionCode> {
        if device != SYSTEM {
            return Err(CompletionCode::NOT_PRESENT);
        }
        let described = self.described();
        let tag = Text::AssetTag.of(&described.name, self.settings.as_ref());
        Ok(image_of(&described, &String::from_utf8_lossy(&tag)).to_bytes())
    }
}

/// The name that people gave the VM is its asset tag, unless a console has written another; part number and version are unknown and empty.
fn image_of(node: &NodeDescription, asset_tag: &str) -> FruImage {
    let cpus = node.cpus.map(|cpus| FruText::new(&format!("{cpus} CPUs")));
    let memory =
        node.memory_bytes.map(|bytes| FruText::new(&format!("{} MiB memory", bytes / (1024 * 1024))));
    FruImage {
        product: ProductArea {
            manufacturer: FruText::new(&node.manufacturer),
            name: FruText::new(&node.product),
            part_number: FruText::default(),
            version: FruText::default(),
            serial_number: FruText::new(&node.serial),
            asset_tag: FruText::new(asset_tag),
            custom: cpus.into_iter().chain(memory).collect(),
        },
    }
}

impl fmt::Debug for FruInventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FruInventory").field("node", &self.node).finish_non_exhaustive()
    }
}
