//! Latency histograms as few bytes: pairs of bucket and count, both as variable-length integers.
//!
//! Buckets ascend and are written as the distance from the one before. A count of 1, which is most
//! of them, costs no byte of its own: the lowest bit of the distance says whether a count follows.
//! A minute of a route has tens to thousands of different buckets, so this is one to three bytes
//! per pair where two integers would be twelve.

/// Appends the pairs of `cells`, which must ascend by bucket, buckets being 0 or more.
pub fn pack(cells: impl IntoIterator<Item = (i32, u64)>, bytes: &mut Vec<u8>) {
    let mut last = 0;
    for (bucket, count) in cells {
        let distance = u64::from(bucket.unsigned_abs().saturating_sub(last));
        last = bucket.unsigned_abs();
        write(distance << 1 | u64::from(count != 1), bytes);
        if count != 1 {
            write(count, bytes);
        }
    }
}

/// The pairs of a packed histogram, ascending by bucket. Bytes that are none end it early.
pub fn unpack(bytes: &[u8]) -> Unpacked<'_> {
    Unpacked { bytes, bucket: 0 }
}

/// See [`unpack`].
#[derive(Debug)]
pub struct Unpacked<'a> {
    bytes: &'a [u8],
    bucket: u64,
}

impl Iterator for Unpacked<'_> {
    type Item = (i32, u64);

    #[inline]
    fn next(&mut self) -> Option<(i32, u64)> {
        let head = self.read()?;
        self.bucket += head >> 1;
        let count = if head & 1 == 1 { self.read()? } else { 1 };
        Some((i32::try_from(self.bucket).unwrap_or(i32::MAX), count))
    }
}

impl Unpacked<'_> {
    #[inline]
    fn read(&mut self) -> Option<u64> {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
            if shift > 63 {
                return None;
            }
        }
    }
}

#[inline]
fn write(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(u8::try_from(value & 0x7f).unwrap_or(0) | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_pair_is_read_back(
            pairs in prop::collection::btree_map(0..40_000_i32, 1..u64::MAX >> 1, 0..40),
        ) {
            let pairs: Vec<(i32, u64)> = pairs.into_iter().collect();
            let mut bytes = Vec::new();
            pack(pairs.iter().copied(), &mut bytes);
            prop_assert_eq!(unpack(&bytes).collect::<Vec<_>>(), pairs);
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            prop_assert!(unpack(&bytes).count() <= bytes.len());
        }
    }

    #[test]
    fn a_count_of_one_costs_one_byte_for_near_buckets() {
        let mut bytes = Vec::new();
        pack([(5, 1), (60, 1), (61, 2)], &mut bytes);
        assert_eq!(bytes.len(), 4);
    }
}
