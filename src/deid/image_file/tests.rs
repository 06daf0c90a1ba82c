use super::*;
use crate::deid::pixels::Photometric;
use std::io::Write;

const RED: FillColour = FillColour([255, 0, 0]);
const AREA: PixelRect = PixelRect { left: 8, top: 8, right: 24, bottom: 16 };

fn file(data: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(data).expect("written");
    file
}

fn work(areas: &[PixelRect]) -> ImageWork {
    ImageWork { areas: areas.to_vec(), colour: RED, dpi: 72 }
}

fn show(_: Picture) -> Result<(), StepError> {
    Ok(())
}

/// A gradient with a comment and an identifier behind the end.
fn picture(colour: ::png::ColorType, depth: ::png::BitDepth, palette: Option<Vec<u8>>) -> Vec<u8> {
    let (mut data, width, height) = (Vec::new(), 40_usize, 30_usize);
    let mut encoder = ::png::Encoder::new(&mut data, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if let Some(palette) = palette {
        encoder.set_palette(palette);
    }
    encoder.add_text_chunk("Author".into(), "DOE^JANE".into()).expect("added");
    let row = (width * colour.samples() * depth as usize).div_ceil(8);
    let samples = (0..row * height).map(|at| (at * 7 % 251) as u8);
    let samples: Vec<u8> = match colour {
        ::png::ColorType::Indexed => samples.map(|sample| sample % 3).collect(),
        _ => samples.collect(),
    };
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&samples).expect("pixels");
    writer.finish().expect("written");
    data.extend(b"DOE^JANE");
    data
}

fn done(data: &[u8], areas: &[PixelRect]) -> (ImageExamination, ImageCandidate, Vec<u8>) {
    let (input, output, limits) = (file(data), file(b""), Limits::default());
    let examined = examine(&input, &limits, &mut show).expect("examined");
    let work = work(areas);
    let candidate = apply(&input, &output, &work, &limits).expect("applied");
    let verdict = verify(&output, &work, &candidate, &limits, &mut show).expect("verified");
    accept("x".into(), &examined, &work, &candidate, &verdict).expect("accepted");
    let mut written = Vec::new();
    (&output).rewind().and_then(|()| (&output).read_to_end(&mut written)).expect("readable");
    (examined, candidate, written)
}

#[test]
fn every_form_of_png_passes_with_and_without_boxes() {
    use ::png::{BitDepth::*, ColorType::*};
    for (colour, depth) in [
        (Grayscale, One),
        (Grayscale, Two),
        (Grayscale, Four),
        (Grayscale, Eight),
        (Grayscale, Sixteen),
        (GrayscaleAlpha, Eight),
        (GrayscaleAlpha, Sixteen),
        (Rgb, Eight),
        (Rgb, Sixteen),
        (Rgba, Eight),
        (Rgba, Sixteen),
    ] {
        let data = picture(colour, depth, None);
        for areas in [&[][..], &[AREA]] {
            let (_, _, written) = done(&data, areas);
            assert!(!written.windows(3).any(|part| part == b"DOE"), "{colour:?} {depth:?}");
            assert_eq!(written[24..26], data[24..26], "depth and colour type");
        }
    }
}

#[test]
fn a_palette_gets_the_colour_and_loses_what_no_pixel_shows() {
    let mut palette = vec![10, 20, 30, 40, 50, 60, 70, 80, 90];
    palette.extend(b"DOEJANE 1961");
    let data = picture(::png::ColorType::Indexed, ::png::BitDepth::Eight, Some(palette));
    let (examined, candidate, written) = done(&data, &[AREA]);
    assert_eq!(examined.layout.photometric, Photometric::PaletteColor);
    assert!(!written.windows(3).any(|part| part == b"DOE"));
    let entries = &candidate.layout.palette.as_ref().expect("a palette").entries;
    assert_eq!(entries[3..], [[255, 0, 0]; 4]);
}

#[test]
fn a_result_with_more_than_its_picture_is_no_result() {
    let (_, candidate, written) =
        done(&picture(::png::ColorType::Rgb, ::png::BitDepth::Eight, None), &[AREA]);
    let check = |data: &[u8]| {
        let verdict =
            verify(&file(data), &work(&[AREA]), &candidate, &Limits::default(), &mut show);
        match verdict {
            Err(StepError::Hold(hold)) => Some(hold.detail),
            _ => None,
        }
    };
    assert_eq!(check(&written), None);
    assert!(check(&[&written[..], b"x"].concat()).is_some());
    let other = [&[0, 0, 0, 1][..], b"tEXt", b"x", &[0; 4]].concat();
    assert!(check(&[&written[..33], &other, &written[33..]].concat()).is_some());
}

#[test]
fn pixels_beside_the_boxes_and_boxes_that_are_not_filled_are_noticed() {
    let data = picture(::png::ColorType::Rgb, ::png::BitDepth::Eight, None);
    let (examined, candidate, written) = done(&data, &[AREA]);
    // a box that the result does not have
    let wider = work(&[AREA, PixelRect { top: 20, bottom: 28, ..AREA }]);
    let verdict = verify(&file(&written), &wider, &candidate, &Limits::default(), &mut show);
    assert!(matches!(verdict, Err(StepError::Hold(hold)) if hold.detail == "a box is not filled"));
    // a picture that was not the one examined
    let (_, plain, _) = done(&data, &[]);
    let verdict =
        ImageVerdict { sha256: plain.sha256.clone(), bytes: plain.bytes, outside: [7; 32] };
    assert!(accept("x".into(), &examined, &work(&[]), &plain, &verdict).is_err());
    let lying = ImageCandidate { outside: [7; 32], ..plain };
    assert!(accept("x".into(), &examined, &work(&[]), &lying, &verdict).is_err());
    let everything = PixelRect { left: 0, top: 0, right: 400, bottom: 300 };
    let (same, more) =
        (candidate.outside, ImageCandidate { changed: vec![everything], ..candidate });
    let verdict = ImageVerdict { sha256: more.sha256.clone(), bytes: more.bytes, outside: same };
    assert!(accept("x".into(), &examined, &work(&[AREA]), &more, &verdict).is_err());
}

#[test]
fn a_jpeg_is_uniform_in_its_boxes_and_bare() {
    for data in [
        &include_bytes!("../../../testdata/pixels/ycbcr-444.jpg")[..],
        include_bytes!("../../../testdata/pixels/ycbcr-420-restart.jpg"),
        include_bytes!("../../../testdata/pixels/ycbcr-420-progressive.jpg"),
        include_bytes!("../../../testdata/pixels/ycbcr-420-scans.jpg"),
        include_bytes!("../../../testdata/pixels/grey-dct.jpg"),
    ] {
        let stuffed = [&data[..2], &[0xFF, 0xFE, 0, 10], b"DOE^JANE", &data[2..], b"DOE"].concat();
        for areas in [&[][..], &[AREA]] {
            let (_, candidate, written) = done(&stuffed, areas);
            assert!(!written.windows(3).any(|part| part == b"DOE"));
            assert_eq!(candidate.changed.len(), areas.len());
        }
    }
}

#[test]
fn a_damaged_picture_is_held_or_passes_and_never_panics() {
    let png = picture(::png::ColorType::Rgba, ::png::BitDepth::Eight, None);
    let jpeg = include_bytes!("../../../testdata/pixels/ycbcr-420-progressive.jpg");
    let (limits, work) = (Limits { max_frame_bytes: 1 << 20, ..Limits::default() }, work(&[AREA]));
    let (mut held, mut passed) = (0, 0);
    for whole in [&png[..], jpeg] {
        for step in 0..400_usize {
            let mut data = whole.to_vec();
            let at = step * 7919 % data.len();
            data[at] ^= 1 << (step % 8);
            if step % 3 == 0 {
                data.truncate(at);
            }
            let input = file(&data);
            let done = examine(&input, &limits, &mut show)
                .and_then(|_| apply(&input, &file(b""), &work, &limits));
            match done {
                Ok(_) => passed += 1,
                Err(StepError::Hold(_)) => held += 1,
                Err(StepError::Io(error)) => panic!("{error}"),
            }
        }
    }
    assert!(held > 200 && passed > 20, "{held} {passed}");
}
