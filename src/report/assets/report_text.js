// Writes numbers and times for the charts exactly as `text.rs` writes them for the tables.
//
// In: a value with its unit, or seconds from the start. Out: text. The three report_*.js files
// are joined in this order into one block of one script, whose hash is in the security policy.

const data = JSON.parse(document.getElementById("charts-data").textContent);

function decimal(value, digits) {
  const magnitude = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  const decimals = Math.min(100, Math.max(0, digits - 1 - magnitude));
  let [whole, fraction] = Math.abs(value).toFixed(decimals).split(".");
  fraction = (fraction || "").replace(/0+$/, "");
  whole = whole.replace(/\B(?=(\d{3})+$)/g, "\u2009");
  return (value < 0 ? "\u2212" : "") + whole + (fraction ? "." + fraction : "");
}

function inDigits(value, unit, digits) {
  const round = (number) => Number(number.toExponential(digits - 1));
  switch (unit) {
    case "per_minute": return decimal(round(value), digits) + " /min";
    case "per_second": return decimal(round(value), digits) + " /s";
    case "share": {
      const noisy = value * 100, tidy = Number(noisy.toPrecision(15));
      return decimal(round(tidy === 100 ? noisy : tidy), digits) + " %";
    }
    case "times": return decimal(round(value), digits) + " \u00d7";
    case "microseconds": {
      const us = round(value), size = Math.abs(us);
      if (size === 0 || size >= 1e6) return decimal(us / 1e6, digits) + " s";
      if (size >= 1e3) return decimal(us / 1e3, digits) + " ms";
      return decimal(us, digits) + " \u00b5s";
    }
    default: return Number.isInteger(value) ? decimal(value, 17) : decimal(round(value), digits);
  }
}

function quantity(value, unit) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "\u2013";
  for (let digits = 3; digits < 17; digits++) {
    const text = inDigits(value, unit, digits);
    const tooMuch = unit === "share" &&
      ((text === "100 %" && value !== 1) || (/^.?0 %$/.test(text) && value !== 0));
    if (!tooMuch) return text;
  }
  return inDigits(value, unit, 17);
}

const two = (number) => String(number).padStart(2, "0");

function offset(seconds) {
  const whole = Math.floor(Math.abs(seconds) + 1e-9), sign = seconds < 0 ? "\u2212" : "";
  const h = Math.floor(whole / 3600), m = Math.floor(whole / 60) % 60, s = whole % 60;
  return sign + (h ? h + ":" : "") + two(m) + ":" + two(s);
}

function clockOf(zone) {
  const parts = {
    year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  };
  try {
    return new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: zone });
  } catch {
    return new Intl.DateTimeFormat("en-GB", { ...parts, timeZone: "UTC" });
  }
}
const clock = clockOf(data.zone);

// Date and time of day in the page's zone.
function calendar(seconds) {
  const part = {};
  for (const { type, value } of clock.formatToParts(new Date((data.start_s + seconds) * 1e3)))
    part[type] = value;
  return {
    date: part.year + "-" + part.month + "-" + part.day,
    time: part.hour + ":" + part.minute + (part.second === "00" ? "" : ":" + part.second),
  };
}

function moment(seconds) {
  if (data.relative) return offset(seconds);
  const { date, time } = calendar(seconds);
  return date + " " + time;
}
