//! Gives the Windows program its manifest: paths beyond 260 characters, UTF-8 as its code page, and no wish to be elevated.

use embed_manifest::manifest::{ActiveCodePage, ExecutionLevel, Setting, SupportedOS};
use embed_manifest::{embed_manifest, new_manifest};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_CFG_WINDOWS").is_some() {
        let manifest = new_manifest("certpath")
            .active_code_page(ActiveCodePage::Utf8)
            .long_path_aware(Setting::Enabled)
            .requested_execution_level(ExecutionLevel::AsInvoker)
            .supported_os(SupportedOS::Windows7..=SupportedOS::Windows10)
            // A console program draws no controls.
            .remove_dependency("Microsoft.Windows.Common-Controls");
        embed_manifest(manifest)?;
    }
    Ok(())
}
