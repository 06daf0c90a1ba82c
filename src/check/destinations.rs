//! Whether destinations can be written to.

use super::storage::writable;
use crate::config::{Destination, DestinationKind};
use crate::dimse::store_scu::{Peer, StoreAssociation};
use crate::dimse::syntaxes;
use std::time::Duration;

/// A folder is written to; a C-STORE SCP answers C-ECHO.
pub(super) async fn reach(destination: &Destination) -> Result<String, String> {
    match destination.kind {
        DestinationKind::Folder => writable(&destination.path),
        DestinationKind::Dicom => echo(destination).await,
    }
}

/// C-ECHO (PS3.7 section 9.1.5).
async fn echo(destination: &Destination) -> Result<String, String> {
    let peer = Peer {
        address: destination.address.clone(),
        called_ae_title: destination.called_ae_title.clone(),
        calling_ae_title: destination.calling_ae_title.clone(),
        timeout: Duration::from_millis(destination.timeout_ms),
        tls: destination.tls.clone(),
    };
    let at = format!("{} at {}", peer.called_ae_title, peer.address);
    let failed = |error: crate::dimse::store_scu::ScuError| {
        format!("{at}: {error}; check address, AE titles and that it is running")
    };
    let pair = (syntaxes::VERIFICATION.to_owned(), syntaxes::IMPLICIT_VR_LE.to_owned());
    let mut association = StoreAssociation::establish(&peer, &[pair]).await.map_err(failed)?;
    let context = association
        .context_for(syntaxes::VERIFICATION, syntaxes::IMPLICIT_VR_LE)
        .ok_or_else(|| format!("{at}: it does not accept the Verification SOP Class"))?;
    match association.echo(context).await {
        Ok(0) => {
            association.release().await;
            Ok(format!("{at}: answers C-ECHO"))
        }
        Ok(status) => Err(format!("{at}: answers C-ECHO with status {status:04X}")),
        Err(error) => {
            association.abort().await;
            Err(failed(error))
        }
    }
}
