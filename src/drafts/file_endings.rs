//! How files of a page are told from pages.

/// What the files of a page are called, where nothing else tells.
pub const FILE_ENDINGS: [&str; 20] = [
    "css",
    "js",
    "mjs",
    "map",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "avif",
    "svg",
    "ico",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "mp4",
    "webm",
    "mp3",
    "webmanifest",
];
