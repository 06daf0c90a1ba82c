//! The modality: sends the generated study by C-STORE, like any device would.

use super::DemoError;
use super::study::Sample;
use crate::dimse::status::SUCCESS;
use crate::dimse::store_scu::{Peer, StoreAssociation};
use crate::dimse::syntaxes::EXPLICIT_VR_LE;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries::EXPLICIT_VR_LITTLE_ENDIAN;
use std::net::SocketAddr;
use std::time::Duration;

/// The AE title of the modality.
pub const AE_TITLE: &str = "MODALITY";

/// Sends every object over one Association; each has to be answered with success.
pub async fn send(study: &[Sample], to: SocketAddr, called: &str) -> Result<(), DemoError> {
    let peer = Peer {
        address: to.to_string(),
        called_ae_title: called.to_owned(),
        calling_ae_title: AE_TITLE.to_owned(),
        timeout: Duration::from_secs(30),
        tls: None,
    };
    let pairs: Vec<_> = study
        .iter()
        .map(|sample| (sample.sop_class_uid.to_owned(), EXPLICIT_VR_LE.to_owned()))
        .collect();
    let mut association = StoreAssociation::establish(&peer, &pairs).await?;
    for sample in study {
        let class = sample.sop_class_uid;
        let refused = |why: String| DemoError::Refused { name: sample.name, why };
        let context = association
            .context_for(class, EXPLICIT_VR_LE)
            .ok_or_else(|| refused("no presentation context".into()))?;
        let data_set = encoded(&sample.object)?;
        let uid = &sample.sop_instance_uid;
        let status = association.store(context, class, uid, &mut &data_set[..]).await?;
        if status != SUCCESS {
            return Err(refused(format!("status {status:04X}")));
        }
    }
    association.release().await;
    Ok(())
}

/// The data set in Explicit VR Little Endian.
pub fn encoded(object: &InMemDicomObject) -> Result<Vec<u8>, DemoError> {
    let mut bytes = Vec::new();
    object
        .write_dataset_with_ts(&mut bytes, &EXPLICIT_VR_LITTLE_ENDIAN.erased())
        .map_err(|error| DemoError::Unreadable(error.to_string()))?;
    Ok(bytes)
}
