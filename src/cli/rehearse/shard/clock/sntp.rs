//! A time server as a clock: SNTP, RFC 5905, section 14. One packet there, one back.

use std::net::UdpSocket;
use std::time::Duration;

use super::offset::OffsetRange;
use crate::time_window::now_us;

/// Bytes of a packet without extensions.
const PACKET_BYTES: usize = 48;
/// Questions that are answered; the best of them count.
const QUESTIONS: u32 = 4;
/// Packets that may be lost, all in all.
const ATTEMPTS_MAX: u32 = 8;
/// How long an answer is waited for.
const TIMEOUT: Duration = Duration::from_millis(1_500);
/// From 1900 to 1970, seconds.
const EPOCH_S: i64 = 2_208_988_800;
/// No version of leap, version 4, mode 3: client.
const ASKING: u8 = 0b0010_0011;

/// Between which values the offset lies: as far apart as the quickest answer took.
pub fn measure(host: &str) -> Result<OffsetRange, String> {
    let says = |error: std::io::Error| format!("no answer: {error}");
    let any = |address: std::net::SocketAddr| match address.is_ipv4() {
        true => "0.0.0.0:0",
        false => "[::]:0",
    };
    let mut addresses = std::net::ToSocketAddrs::to_socket_addrs(host).map_err(says)?;
    let address = addresses.next().ok_or("it has no address")?;
    let socket = UdpSocket::bind(any(address)).map_err(says)?;
    socket.set_read_timeout(Some(TIMEOUT)).map_err(says)?;
    socket.connect(address).map_err(says)?;
    let (mut known, mut answers): (Option<OffsetRange>, u32) = (None, 0);
    let mut refusal = "no answer".to_owned();
    for _ in 0..ATTEMPTS_MAX {
        match ask(&socket) {
            Ok(range) => {
                answers += 1;
                let both = known.map_or(Some(range), |known| known.and(range));
                known = Some(both.ok_or("its answers contradict each other")?);
            }
            Err(why) => refusal = why,
        }
        if answers == QUESTIONS {
            break;
        }
    }
    known.ok_or(refusal)
}

fn ask(socket: &UdpSocket) -> Result<OffsetRange, String> {
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce).map_err(|error| error.to_string())?;
    let mut packet = [0; PACKET_BYTES];
    packet[0] = ASKING;
    packet[40..48].copy_from_slice(&nonce);
    let sent_us = now_us();
    let says = |error: std::io::Error| format!("no answer: {error}");
    socket.send(&packet).map_err(says)?;
    let mut answer = [0; PACKET_BYTES];
    let bytes = socket.recv(&mut answer).map_err(says)?;
    let answered_us = now_us();
    if bytes < PACKET_BYTES {
        return Err(format!("its answer has {bytes} bytes"));
    }
    read(&answer, nonce, sent_us, answered_us)
}

/// What a packet says that was sent at `sent_us` and answered at `answered_us`.
fn read(
    answer: &[u8; PACKET_BYTES],
    nonce: [u8; 8],
    sent_us: i64,
    answered_us: i64,
) -> Result<OffsetRange, String> {
    let (leap, mode, stratum) = (answer[0] >> 6, answer[0] & 0b111, answer[1]);
    if answer[24..32] != nonce || mode != 4 {
        return Err("its answer is to another question".to_owned());
    }
    if leap == 3 || !(1..=15).contains(&stratum) {
        return Err("its own clock is not set".to_owned());
    }
    let (received_us, replied_us) = (time_us(&answer[32..40]), time_us(&answer[40..48]));
    // It had `received_us` not before we sent, and `replied_us` not after we heard it.
    Ok(OffsetRange {
        low_us: replied_us - answered_us,
        high_us: received_us - sent_us,
    })
}

/// A timestamp of NTP, 32 bits of seconds since 1900 and 32 of fractions, as UTC µs since 1970. The count
/// begins again in 2036: what is before 1968 is after that.
fn time_us(bytes: &[u8]) -> i64 {
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0_i64, |sum, byte| (sum << 8) | i64::from(*byte))
    };
    let (seconds, fraction) = (word(&bytes[..4]), word(&bytes[4..8]));
    let era = if seconds < 1 << 31 { 1 << 32 } else { 0 };
    (seconds + era - EPOCH_S) * 1_000_000 + ((fraction * 1_000_000) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    /// As NTP writes it.
    fn timestamp(us: i64) -> [u8; 8] {
        let seconds = (us.div_euclid(1_000_000) + EPOCH_S) as u64;
        let fraction = ((us.rem_euclid(1_000_000) as u64) << 32).div_ceil(1_000_000);
        ((seconds << 32) | fraction).to_be_bytes()
    }

    /// A time server on loopback whose clock is `offset_us` later; answers so many questions.
    fn server(offset_us: i64, questions: usize) -> String {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap().to_string();
        thread::spawn(move || {
            for _ in 0..questions {
                let mut packet = [0; PACKET_BYTES];
                let (_, from) = socket.recv_from(&mut packet).unwrap();
                let now = timestamp(now_us() + offset_us);
                let nonce: [u8; 8] = packet[40..48].try_into().unwrap();
                packet[0] = 0b0010_0100;
                packet[1] = 2;
                packet[24..32].copy_from_slice(&nonce);
                packet[32..40].copy_from_slice(&now);
                packet[40..48].copy_from_slice(&now);
                socket.send_to(&packet, from).unwrap();
            }
        });
        address
    }

    #[test]
    fn the_offset_of_a_time_server_is_found() {
        let offset_us = 300_000_000;
        let found = measure(&server(offset_us, QUESTIONS as usize)).unwrap();
        assert!(
            found.low_us - 2 <= offset_us && offset_us <= found.high_us + 2,
            "{found:?}"
        );
    }

    #[test]
    fn an_answer_to_another_question_or_of_a_clock_that_is_not_set_is_none() {
        let nonce = [7; 8];
        let mut answer = [0; PACKET_BYTES];
        (answer[0], answer[1]) = (0b0010_0100, 1);
        answer[24..32].copy_from_slice(&nonce);
        answer[32..40].copy_from_slice(&timestamp(1_000_000_000_000_000));
        answer[40..48].copy_from_slice(&timestamp(1_000_000_000_000_010));
        let found = read(&answer, nonce, 999_999_999_999_900, 1_000_000_000_000_050).unwrap();
        assert_eq!(
            found,
            OffsetRange {
                low_us: -40,
                high_us: 100
            }
        );
        assert!(
            read(&answer, [8; 8], 0, 0)
                .unwrap_err()
                .contains("another question")
        );
        for (byte, value) in [(0, 0b1110_0100), (1, 0), (1, 16)] {
            let mut answer = answer;
            answer[byte] = value;
            assert!(read(&answer, nonce, 0, 0).unwrap_err().contains("not set"));
        }
    }

    #[test]
    fn times_are_read_past_the_year_2036() {
        for us in [
            0,
            1_796_000_000_123_456,
            2_085_978_495_999_999,
            2_085_978_496_000_000,
        ] {
            let bytes = timestamp(us);
            assert!((time_us(&bytes) - us).abs() <= 1, "{us}");
        }
    }
}
