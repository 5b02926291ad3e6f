//! Disks as qcow2 files: empty ones, or layers over an image of the operator.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;

use super::folder::Folder;
use super::hardware::{Drive, Medium};
use super::options::QemuOptions;
use super::tools::QEMU_IMG;

/// What `qemu-img info` says of a file.
#[derive(Debug, Deserialize)]
struct Info {
    format: String,
    #[serde(rename = "virtual-size")]
    bytes: u64,
}

/// The file of a drive, made if it is not there yet; `None` for a CD-ROM drive without a medium.
///
/// # Errors
/// If `qemu-img` fails.
pub(super) async fn provide(
    drive: &Drive,
    folder: &Folder,
    options: &QemuOptions,
) -> io::Result<Option<PathBuf>> {
    let image = drive.images.iter().find_map(|name| options.images.get(name));
    if image.is_none() && !drive.images.is_empty() {
        tracing::warn!(
            folder = %folder.path().display(),
            image = drive.images.first(),
            "no file for this image was given (--image NAME=FILE): the drive is empty"
        );
    }
    match drive.medium {
        Medium::Cdrom => Ok(image.cloned()),
        Medium::Disk { bytes } => {
            let file = folder.disk(&drive.id);
            match image {
                _ if fs::exists(&file)? => grow(&file, bytes).await?,
                image => make(&file, bytes, image.map(PathBuf::as_path)).await?,
            }
            Ok(Some(file))
        }
    }
}

/// Forgets what is on the disks of a VM.
///
/// # Errors
/// If a file cannot be deleted.
pub(super) fn forget(folder: &Folder) -> io::Result<()> {
    let entries = match fs::read_dir(folder.path()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "qcow2") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// A disk is never smaller than its image.
async fn make(file: &Path, bytes: u64, image: Option<&Path>) -> io::Result<()> {
    let beside = file.with_extension("new");
    let mut words: Vec<std::ffi::OsString> = ["create", "-q", "-f", "qcow2"].map(Into::into).into();
    let mut bytes = bytes;
    if let Some(image) = image {
        let info = info(image).await?;
        bytes = bytes.max(info.bytes);
        words.extend(["-b".into(), image.into(), "-F".into(), info.format.into()]);
    }
    words.extend([beside.as_os_str().to_owned(), bytes.to_string().into()]);
    qemu_img(words).await?;
    fs::rename(&beside, file)
}

/// The document may say by now that the disk is larger.
async fn grow(file: &Path, bytes: u64) -> io::Result<()> {
    if info(file).await?.bytes >= bytes {
        return Ok(());
    }
    let words = ["resize".into(), "-q".into(), file.as_os_str().to_owned(), bytes.to_string().into()];
    qemu_img(words).await.map(drop)
}

async fn info(file: &Path) -> io::Result<Info> {
    let said = qemu_img(["info".into(), "--output=json".into(), file.as_os_str().to_owned()]).await?;
    serde_json::from_slice(&said).map_err(io::Error::other)
}

async fn qemu_img(words: impl IntoIterator<Item = std::ffi::OsString>) -> io::Result<Vec<u8>> {
    let mut command = tokio::process::Command::new(QEMU_IMG);
    let output = command.args(words).stdin(Stdio::null()).kill_on_drop(true).output().await?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(format!("{QEMU_IMG} failed: {}", said.trim())));
    }
    Ok(output.stdout)
}
