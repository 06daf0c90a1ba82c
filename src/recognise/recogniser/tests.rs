//! What is read, what is known and what is cleared, over pictures with drawn text.

use super::*;
use crate::recognise::local::tests::Page;
use noto_sans_mono_bitmap::RasterHeight::Size24;

fn recogniser(prefilter: bool, check_every: u64) -> Recogniser {
    let detection = Detection { prefilter, prefilter_check_every: check_every, threads: 2 };
    Recogniser::new(&detection)
}

async fn read(recogniser: &Recogniser, page: &Page) -> Vec<TextLine> {
    recogniser.read(page.picture.clone(), Care::Doubts).await.expect("read").lines
}

fn ramp(start: u8) -> Page {
    Page::new(100, 100, 1, move |x, y| start + ((x + y) / 4) as u8)
}

#[tokio::test]
async fn text_among_pictures_that_are_cleared_is_found_and_read_once() {
    let recogniser = recogniser(true, 0);
    for at in 0..6 {
        let page = match at {
            2 | 4 => ramp(0).write([4, 40], "SMITH", Size24, 250, false),
            at => ramp(at),
        };
        let found = read(&recogniser, &page).await;
        let says = found.iter().any(|line| line.text.reveal().contains("SMITH"));
        assert_eq!(says, matches!(at, 2 | 4), "{at}");
    }
    let Counts { pictures, cleared, read, known, .. } = recogniser.counts();
    assert_eq!((pictures, cleared, read, known), (6, 4, 1, 1));
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
        let page = ramp(at);
        read(&first, &page).await;
    }
    for at in (0..24_u8).rev() {
        let page = ramp(at);
        read(&second, &page).await;
    }
    let counts = first.counts();
    assert_eq!(counts, second.counts());
    assert_eq!(counts.cleared + counts.checked, 24, "{counts:?}");
    assert!((1..=14).contains(&counts.checked) && counts.missed == 0, "{counts:?}");
}
