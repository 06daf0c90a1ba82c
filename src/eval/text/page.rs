//! The misses as a page of HTML that needs no other file. Its pictures may identify a person.

use super::score::Missed;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use std::fmt::Write as _;

/// Pictures on one page; what goes beyond is counted.
const PICTURES_MAX: usize = 500;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The page of a table and its misses.
pub(super) fn page(table: &str, misses: &[Missed]) -> String {
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Text in pictures</title>\
         <style>body{font:14px sans-serif;margin:2em}img{image-rendering:pixelated;display:block;\
         border:1px solid #888}figure{display:inline-block;margin:0 1em 1em 0;vertical-align:top}\
         </style><h1>Text in pictures</h1>",
    );
    let _ = write!(html, "<pre>{}</pre><h2>Missed: {}</h2>", escaped(table), misses.len());
    for miss in misses.iter().take(PICTURES_MAX) {
        let picture = &miss.picture;
        let _ = write!(
            html,
            "<figure><img alt=\"miss\" width=\"{}\" src=\"data:image/png;base64,{}\"><figcaption>{} \
             frame {}: {}<br>{} px, {} levels, turned {}</figcaption></figure>",
            3 * picture.width,
            base64(&png(picture.width, picture.height, &picture.rgb)),
            escaped(&miss.file),
            picture.frame,
            miss.what,
            miss.height,
            miss.contrast,
            miss.turned
        );
    }
    if misses.len() > PICTURES_MAX {
        let _ = write!(html, "<p>and {} more", misses.len() - PICTURES_MAX);
    }
    html.push_str("</html>\n");
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Nothing if there are no pixels.
fn png(width: u32, height: u32, rgb: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    let encoder = PngEncoder::new(&mut file);
    match encoder.write_image(rgb, width, height, ExtendedColorType::Rgb8) {
        Ok(()) => file,
        Err(_) => Vec::new(),
    }
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte));
        let number = number << (8 * (3 - three.len()));
        for sign in 0..4 {
            let index = (number >> (18 - 6 * sign) & 63) as usize;
            text.push(if sign <= three.len() { char::from(ALPHABET[index]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::text::judge::Miss;

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let encoded = ["", "f", "fo", "foo", "foob"].map(|text| base64(text.as_bytes()));
        assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]);
    }

    #[test]
    fn a_page_shows_its_misses_and_names_no_other_file() {
        let picture = Miss { frame: 3, width: 2, height: 1, rgb: vec![0, 0, 0, 255, 255, 255] };
        let (file, what) = ("<a>.dcm".into(), "not found");
        let miss = Missed { file, what, height: 8.0, contrast: 30.0, turned: 0.0, picture };
        let html = page("all", &[miss]);
        assert!(html.contains("data:image/png;base64,iVBORw0KGgo") && html.contains("frame 3"));
        assert!(html.contains("&lt;a&gt;.dcm") && !html.contains("http"));
    }
}
