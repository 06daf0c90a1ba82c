//! What is read, what is known and what is cleared, over pictures with drawn text.

use super::*;
use crate::recognise::TextDetector;
use crate::recognise::local::tests::Page;
use noto_sans_mono_bitmap::RasterHeight::Size24;

fn recogniser(prefilter: bool, check_every: u64) -> Recogniser {
    let detection = Detection { prefilter, prefilter_check_every: check_every, threads: 2 };
    Recogniser::new(&detection)
}

/// Frame `index` of a cine: a banner that stays, and a wave that moves below it.
fn frame(index: u32) -> Page {
    Page::new(640, 480, 1, move |x, y| match y {
        0..130 => 0,
        _ => (60.0 + 50.0 * (f64::from(x + 9 * index) / 40.0).sin()) as u8,
    })
    .write([20, 8], "DOE^JANE 1957-11-02", Size24, 230, false)
    .write([400, 8], "MRN 0012345", Size24, 230, false)
}

async fn read(recogniser: &Recogniser, page: &Page) -> Vec<TextLine> {
    recogniser.read(page.picture.clone(), Care::Doubts).await.expect("read").lines
}

/// Whether nearly all the ink of every line on the page is covered.
fn is_covered(page: &Page, found: &[TextLine]) -> bool {
    let covered = |(x, y): &&(u32, u32)| found.iter().any(|line| line.area.contains(*x, *y));
    page.lines.iter().all(|(_, ink)| ink.iter().filter(covered).count() * 100 >= ink.len() * 95)
}

#[tokio::test]
async fn the_banner_of_a_cine_is_read_once_and_found_in_all_frames() {
    let recogniser = recogniser(true, 0);
    for index in 0..20 {
        let page = frame(index);
        assert!(is_covered(&page, &read(&recogniser, &page).await), "frame {index}");
    }
    let counts = recogniser.counts();
    assert_eq!((counts.pictures, counts.cleared), (20, 0));
    assert!(counts.read <= 3 && counts.known >= 19, "{counts:?}");
}

#[tokio::test]
async fn text_that_appears_or_changes_in_one_frame_alone_is_found_there() {
    let recogniser = recogniser(true, 0);
    for index in 0..87 {
        let page = match index {
            40 => frame(index).write([240, 380], "SMITH 4711", Size24, 250, false),
            41 => frame(index).write([240, 380], "JONES 0815", Size24, 250, false),
            _ => frame(index),
        };
        if ![0, 39, 40, 41, 42, 86].contains(&index) {
            continue;
        }
        let found = read(&recogniser, &page).await;
        assert!(is_covered(&page, &found), "frame {index}");
        let says = |text: &str| found.iter().any(|line| line.text.reveal().contains(text));
        assert_eq!((says("4711"), says("0815")), (index == 40, index == 41), "frame {index}");
    }
}

#[tokio::test]
async fn what_was_read_before_changes_no_answer() {
    let pages = [
        frame(0),
        frame(1),
        Page::flat(300, 200, 1, 20).write([20, 80], "OKAFOR^CHIDI", Size24, 220, false),
    ];
    let (forward, backward) = (recogniser(true, 0), recogniser(true, 0));
    let mut one = Vec::new();
    for page in &pages {
        one.push(read(&forward, page).await);
    }
    let mut other = Vec::new();
    for page in pages.iter().rev() {
        other.push(read(&backward, page).await);
    }
    other.reverse();
    assert_eq!(one, other);
    let again = read(&forward, &pages[0]).await;
    assert_eq!(again, one[0]);
}

#[tokio::test]
async fn without_the_prefilter_every_picture_is_read_as_a_whole() {
    let page = Page::new(200, 120, 1, |x, _| (x / 2) as u8);
    for (recogniser, care) in
        [(recogniser(false, 0), Care::Doubts), (recogniser(true, 0), Care::Whole)]
    {
        let reading = recogniser.read(page.picture.clone(), care).await.expect("read");
        assert_eq!(reading.lines, []);
        let counts = recogniser.counts();
        assert_eq!((counts.read, counts.cleared), (1, 0));
    }
}

#[tokio::test]
async fn one_in_so_many_cleared_pictures_is_read_all_the_same_and_its_pixels_decide() {
    let (first, second) = (recogniser(true, 4), recogniser(true, 4));
    for at in 0..24_u8 {
        let page = Page::new(100, 100, 1, move |x, y| at + ((x + y) / 4) as u8);
        read(&first, &page).await;
    }
    for at in (0..24_u8).rev() {
        let page = Page::new(100, 100, 1, move |x, y| at + ((x + y) / 4) as u8);
        read(&second, &page).await;
    }
    let counts = first.counts();
    assert_eq!(counts, second.counts());
    assert_eq!(counts.cleared + counts.checked, 24, "{counts:?}");
    assert!((1..=14).contains(&counts.checked) && counts.missed == 0, "{counts:?}");
}

#[test]
fn a_line_that_leaves_its_part_is_one_that_goes_on() {
    let part = PixelRect { left: 100, top: 0, right: 300, bottom: 80 };
    let line = |left, right| PixelRect { left, top: 2, right, bottom: 30 };
    assert!(!goes_on(line(120, 280), part, (400, 400)), "the picture ends at the top as well");
    assert!(goes_on(line(103, 280), part, (400, 400)));
    assert!(goes_on(line(120, 296), part, (400, 400)));
    assert!(!goes_on(line(120, 300), part, (300, 400)));
}

#[test]
fn a_part_has_the_pixels_of_its_place() {
    let page = Page::new(30, 20, 3, |x, y| (x * 7 + y) as u8);
    let part = PixelRect { left: 4, top: 3, right: 10, bottom: 8 };
    let part = cut(&page.picture, part);
    assert_eq!((part.width, part.height, part.data.len()), (6, 5, 90));
    let level = |x: u32, y: u32| part.data[((y * 6 + x) * 3) as usize];
    assert_eq!((level(0, 0), level(5, 4)), (4 * 7 + 3, 9 * 7 + 7));
}

#[test]
fn parts_of_one_picture_read_as_the_picture_does() {
    let page = frame(3);
    let detector = LocalDetector::load(2).expect("loads");
    let whole = detector.read(&page.picture).expect("read");
    let part = PixelRect { left: 0, top: 0, right: 640, bottom: 120 };
    let part = detector.read_part(&cut(&page.picture, part), (640, 480)).expect("read");
    let said = |lines: &[TextLine]| {
        let mut said: Vec<String> = lines.iter().map(|line| line.text.reveal().clone()).collect();
        said.sort();
        said
    };
    assert_eq!(said(&whole), said(&part));
}
