//! Pictures of the frames of a DICOM result, beside it.

use super::one::stopped;
use super::target::overwrites;
use super::{End, Place, Run};
use crate::deid::accept::Deidentified;
use crate::deid::picture::Picture;
use std::path::{Path, PathBuf};

impl Run {
    /// Writes each frame of a result as it is displayed: `NAME.png`, or `NAME.0001.png` and so on.
    pub(super) async fn pictures_of(
        &self,
        index: usize,
        result: &Deidentified,
        of: &Place,
    ) -> Result<(), End> {
        let scratch = self.scratch.path();
        let mut files: Vec<PathBuf> = Vec::new();
        let frames = self.steps.display(result.path(), scratch, |picture| {
            let file = scratch.join(format!("{index}.frame{}.png", files.len()));
            write_png(&picture, self.order.dpi, &file)?;
            files.push(file);
            Ok(())
        });
        let shown = frames.await.map_err(stopped);
        let mut put = shown.map(|_| ());
        for (number, file) in (1..).zip(&files) {
            if put.is_ok() {
                let number = (files.len() > 1).then_some(number);
                let to = picture_place(of, number);
                put = match self.overwrites_input(&to) {
                    true => Err(overwrites()),
                    // one without its object is of a run that was ended
                    false => {
                        let written = self.store.put(file, &to, true, "image/png").await;
                        written.map(|_| ()).map_err(End::Failed)
                    }
                };
            }
            let _ = std::fs::remove_file(file);
        }
        put
    }
}

fn picture_place(of: &Place, number: Option<usize>) -> Place {
    let named = |name: &str| match number {
        Some(number) => format!("{name}.{number:04}.png"),
        None => format!("{name}.png"),
    };
    match of {
        Place::File(path) => {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            Place::File(path.with_file_name(named(&name.unwrap_or_default())))
        }
        Place::Object { bucket, key } => Place::Object { bucket: bucket.clone(), key: named(key) },
    }
}

fn write_png(picture: &Picture, dpi: u16, to: &Path) -> std::io::Result<()> {
    let file = std::io::BufWriter::new(std::fs::File::create(to)?);
    let mut encoder = png::Encoder::new(file, picture.width, picture.height);
    let grey = picture.samples == 1;
    encoder.set_color(if grey { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    let dots = (f64::from(dpi) / 0.0254).round() as u32;
    let unit = png::Unit::Meter;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: dots, yppu: dots, unit }));
    let failed = |error: png::EncodingError| std::io::Error::other(error.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&picture.data).map_err(failed)?;
    writer.finish().map_err(failed)
}
