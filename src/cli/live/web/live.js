"use strict";
{
  // Asks for the newest look every second and shows it. Every text goes into the page as text.
  const EVERY_MS = 1000;
  const LOST_AFTER = 4;
  const NONE = "\u2013";
  const byId = (id) => document.getElementById(id);
  const is = (value) => value !== null && value !== undefined;

  const count = (value) => (is(value) ? Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, "\u2009") : NONE);
  const short = (value) => (Number.isInteger(value) ? count(value) : Number(value.toPrecision(3)).toString());
  const time = (us) => {
    if (!is(us)) return NONE;
    if (us >= 1e6) return short(us / 1e6) + "\u00a0s";
    if (us >= 1e3) return short(us / 1e3) + "\u00a0ms";
    return short(us) + "\u00a0µs";
  };
  const share = (value) => (is(value) ? short(value * 100) + "\u00a0%" : NONE);
  const quantity = (value, unit) => {
    if (!is(value)) return NONE;
    if (unit === "microseconds") return time(value);
    if (unit === "share") return share(value);
    return short(value) + (unit === "per_minute" ? "/min" : unit === "per_second" ? "/s" : "");
  };
  const clock = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    return Math.floor(whole / 60) + ":" + String(whole % 60).padStart(2, "0");
  };

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (is(text)) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const cell = (label, content, className) => {
    const made = element("td", content instanceof Node ? null : content, className);
    if (label) made.dataset.label = label;
    if (content instanceof Node) made.append(content);
    return made;
  };
  const row = (name, ...cells) => {
    const made = element("tr");
    const head = element("th", name);
    head.scope = "row";
    made.append(head, ...cells);
    return made;
  };
  const fill = (id, rows) => byId(id).querySelector("tbody").replaceChildren(...rows);

  const spark = (values) => {
    const space = "http" + "://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    const highest = Math.max(...values.filter(is), 0);
    svg.setAttribute("width", "96");
    svg.setAttribute("height", "20");
    svg.setAttribute("aria-hidden", "true");
    values.forEach((value, index) => {
      if (!is(value)) return;
      const bar = document.createElementNS(space, "rect");
      const height = highest > 0 ? Math.max(1, 20 * value / highest) : 1;
      bar.setAttribute("x", String(4 * index));
      bar.setAttribute("y", String(20 - height));
      bar.setAttribute("width", "3");
      bar.setAttribute("height", String(height));
      bar.setAttribute("fill", "currentColor");
      svg.append(bar);
    });
    return svg;
  };

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const plots = {};
  const chart = (id, series, columns, show, words) => {
    const place = byId(id);
    place.setAttribute("aria-label", words);
    if (columns[0].length < 2) return;
    const width = place.clientWidth;
    const known = plots[id];
    if (known && known.width === width) {
      known.plot.setData(columns);
      return;
    }
    if (known) known.plot.destroy();
    const axis = { stroke: () => color("soft"), grid: { stroke: () => color("line"), width: 1 }, ticks: { show: false } };
    const options = {
      width, height: 150, legend: { show: false }, cursor: { show: false },
      scales: { x: { time: false }, y: { range: (plot, low, high) => [0, high > 0 ? high * 1.05 : 1] } },
      axes: [{ ...axis, values: (plot, ticks) => ticks.map(clock), size: 24, incrs: [1, 2, 5, 10, 20, 30, 60, 120, 300] }, { ...axis, values: (plot, ticks) => ticks.map(show), size: 62 }],
      series: [{}, ...series.map(([name, tone, dash]) => ({ label: name, stroke: () => color(tone), width: 1.5, dash, points: { show: false } }))],
    };
    plots[id] = { width, plot: new uPlot(options, columns, place) };
    let key = place.querySelector(".key");
    if (!key) place.prepend(key = element("div", null, "key small"));
    key.replaceChildren(...series.map(([name, tone, dash]) => {
      const mark = element("span", (dash ? "\u2505 " : "\u2501 ") + name + "   ");
      // By its name: the colour changes with that of the page.
      mark.style.color = "var(--" + tone + ")";
      return mark;
    }));
  };

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => Object.values(plots).forEach((it) => it.plot.redraw()));

  const STAGES = { running: "running", draining: "nobody comes any more", judging: "being judged", over: "over" };
  const STATES = { waiting: ["no data yet", "soft"], holds: ["holds", "good"], beyond: ["beyond", "warn"], broken: ["BROKEN", "bad"] };
  const [OVER, OPEN, WRONG] = [["\u2713", "soft"], ["\u25b6", "warn"], ["\u2717", "bad"]];
  const EVENTS = {
    planned: ["\u00b7", ""], past: OVER, confirmed: OVER, done: OVER, undone: OVER, running: OPEN, waiting: ["?", "warn"],
    late: WRONG, not_confirmed: WRONG, failed: WRONG, not_undone: WRONG,
  };
  let said = "";
  const say = (text) => {
    // A screen reader hears only what is new.
    if (text !== said) byId("said").textContent = said = text;
  };

  const showHead = (look) => {
    document.title = look.run_id + ": " + STAGES[look.stage];
    byId("stage").textContent = STAGES[look.stage];
    byId("run").textContent = look.run_id;
    byId("target").textContent = look.target;
    byId("time").textContent = clock(look.elapsed_s) + " of " + clock(look.length_s);
    byId("progress").value = Math.min(1, look.elapsed_s / Math.max(1, look.length_s));
    const next = look.events.find((event) => !event.is_past);
    byId("next").textContent = next && look.stage === "running" ? "next: " + next.label + " in " + Math.ceil(next.at_s - look.elapsed_s) + "\u00a0s" : "";
    const broken = look.thresholds.filter((it) => it.state === "broken").map((it) => it.demand);
    const calls = look.slis.filter((it) => it.level === "contact").map((it) => it.title);
    const parts = [];
    if (calls.length) parts.push("Customers would call: " + calls.join(", ") + ".");
    if (broken.length) parts.push("Broken: " + broken.join("; ") + ".");
    say(parts.join(" "));
  };

  const showLoad = (look) => {
    const load = look.load;
    const arrived = look.arrivals.at(-1);
    const second = look.seconds.at(-1);
    // When it is over the last second is no news.
    const comes = look.stage === "running";
    const goesOn = comes || look.stage === "draining";
    const facts = [
      ["arriving", comes && arrived ? count(arrived.offered) + "/s" : NONE], ["planned", comes ? short(Math.max(0, load.planned_per_s)) + "/s" : NONE],
      ["in the shop", count(load.present)], ["under way", count(load.in_flight) + " of " + count(load.in_flight_max)],
      ["requests", goesOn && second ? count(second.requests) + "/s" : NONE], ["in all", count(load.requests)],
      ["finished", count(load.completed)], ["dropped", count(load.dropped)],
    ];
    byId("load").replaceChildren(...facts.map(([name, value]) => {
      const pair = element("div");
      pair.append(element("dt", name), element("dd", value, name === "dropped" && load.dropped ? "bad" : ""));
      return pair;
    }));
    const arrivals = new Map(look.arrivals.map((it) => [it.at_s, it]));
    const seconds = look.seconds;
    const of = (get) => seconds.map((it) => { const found = arrivals.get(it.at_s); return found ? get(found) : null; });
    chart("load-plot", [["planned/s", "grey", [4, 4]], ["arrived/s", "blue"], ["requests/s", "orange"]],
      [seconds.map((it) => it.at_s), of((it) => it.planned), of((it) => it.offered), seconds.map((it) => it.requests)], short,
      "Shoppers planned and arrived, and requests, per second; now " + (second ? count(second.requests) : "0") + " requests.");
  };

  const showLatency = (look) => {
    const newest = look.seconds.findLast((it) => it.response);
    const line = (name, of) => row(name, ...["p50", "p95", "p99"].map((key) => cell(null, newest && newest[of] ? time(newest[of][key]) : NONE, "number")));
    fill("latency", [line("response (from due)", "response"), line("service (from sent)", "service"), line("first byte (from sent)", "first_byte")]);
    const of = (kind, key) => look.seconds.map((it) => (it[kind] ? it[kind][key] : null));
    chart("latency-plot", [["response p50", "grey"], ["response p95", "blue"], ["response p99", "orange"], ["service p95", "green", [4, 4]]],
      [look.seconds.map((it) => it.at_s), of("response", "p50"), of("response", "p95"), of("response", "p99"), of("service", "p95")], time,
      "Response times per second; now p95 " + (newest ? time(newest.response.p95) : NONE) + ".");
  };

  const levels = (sli) => sli.limits.map((limit) => (limit.level === "contact" ? "call " : "warn ") + limit.bad + " " + quantity(limit.value, sli.unit)).join(", ") || NONE;
  const showSlis = (look) => {
    fill("slis", look.slis.map((sli) => {
      const [word, tone] = sli.level === "contact" ? ["CUSTOMERS CALL", "bad"] : sli.level === "warn" ? ["WARN", "warn"]
        : !is(sli.value) ? ["no data yet", "soft"] : sli.limits.length ? ["good", "good"] : ["no levels", "soft"];
      return row(sli.title, cell("State", word, tone), cell("Value", quantity(sli.value, sli.unit), "number"), cell("Levels", levels(sli)), cell(null, spark(sli.recent)));
    }));
    byId("thresholds-section").hidden = !look.thresholds.length;
    fill("thresholds", look.thresholds.map((it) => {
      let [word, tone] = STATES[it.state];
      if (it.state === "beyond") word += " for " + clock(it.beyond_us / 1e6) + " of " + clock(it.for_us / 1e6);
      if (it.state === "broken") word += " from " + clock(it.first_broken_us / 1e6);
      const newest = it.recent.findLast(is);
      return row(it.demand + (it.aborts ? " (stops the run)" : ""), cell("State", word, tone), cell("Value", quantity(newest, it.unit), "number"), cell(null, spark(it.recent.slice(-24))));
    }));
  };

  const showErrors = (look) => {
    const rows = look.errors.map(([name, number]) => row(name, cell(null, count(number), "number bad")));
    fill("errors", rows.length ? rows : [row("none", cell(null, "0", "number good"))]);
    chart("errors-plot", [["errors/s", "red"]], [look.seconds.map((it) => it.at_s), look.seconds.map((it) => it.errors)], short, "Errors per second.");
    byId("events").replaceChildren(...(look.events.length ? look.events : [{ label: "nothing is planned" }]).map((event) => {
      const [mark, tone] = EVENTS[event.state] || ["", "soft"];
      return element("li", (is(event.at_s) ? clock(event.at_s) + " " + mark + " " : "") + event.label + (event.detail ? ": " + event.detail : ""), tone);
    }));
  };

  const showGenerator = (look) => {
    const generator = look.generator;
    const now = generator.seconds.at(-1);
    const near = (value, limit) => "number" + (is(value) && limit && value >= limit ? " bad" : is(value) && limit && value >= 0.8 * limit ? " warn" : "");
    const line = (name, value, limit, show) => row(name, cell("Now", is(value) ? show(value) : NONE, near(value, limit)), cell("Limit", limit ? show(limit) : NONE, "number"));
    fill("generator", now ? [
      line("CPU, share of " + generator.cores + " cores", now.cpu_share, 1, share), line("CPU of the whole machine", now.machine_cpu_share, 1, share),
      line("latest request after it was due", now.schedule_lag_us, generator.lag_limit_us, time), line("latest timer (event loop)", now.loop_lag_us, generator.lag_limit_us, time),
      line("ports towards the target", now.ports, generator.ports_limit, count), line("files open", now.descriptors, generator.descriptors_limit, count),
      line("memory", now.resident_bytes, 0, (bytes) => count(bytes / 1e6) + "\u00a0MB"), line("requests in the lake", look.load.committed, 0, count),
    ] : []);
    const seconds = generator.seconds;
    chart("generator-plot", [["generator", "blue"], ["machine", "grey", [4, 4]]],
      [seconds.map((it) => it.at_us / 1e6), seconds.map((it) => it.cpu_share), seconds.map((it) => it.machine_cpu_share)], share,
      "CPU of the load generator; now " + (now ? share(now.cpu_share) : NONE) + ".");
  };

  const showSeconds = (look) => {
    const arrivals = new Map(look.arrivals.map((it) => [it.at_s, it]));
    fill("seconds", look.seconds.slice(-20).reverse().map((it) => {
      const arrived = arrivals.get(it.at_s);
      const response = it.response || {};
      return row(clock(it.at_s), ...[arrived ? short(Math.max(0, arrived.planned)) : NONE, arrived ? count(arrived.offered) : NONE, count(it.requests), count(it.errors),
        time(response.p50), time(response.p95), time(response.p99)].map((text) => cell(null, text, "number")));
    }));
  };

  // The server ends with the run, so the report is kept here.
  const keepReport = async (end) => {
    byId("end").hidden = false;
    byId("verdict").textContent = end.verdict;
    byId("sentence").textContent = end.sentence;
    const answer = await fetch("/report", { cache: "no-store" });
    if (!answer.ok) return;
    const link = byId("report");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = end.report;
    link.textContent = "Keep the report (" + end.report + ")";
    link.hidden = false;
    say("The rehearsal is over: " + end.verdict + ".");
  };

  let missed = 0;
  const ask = async () => {
    try {
      const answer = await fetch("/live.json", { cache: "no-store" });
      const look = answer.ok ? await answer.json().catch(() => null) : null;
      if (look) {
        missed = 0;
        byId("lost").hidden = true;
        showHead(look);
        showLoad(look);
        showLatency(look);
        showSlis(look);
        showErrors(look);
        showGenerator(look);
        showSeconds(look);
        if (look.end) {
          await keepReport(look.end);
          return;
        }
      }
    } catch (error) {
      missed += 1;
      if (missed >= LOST_AFTER) {
        byId("lost").hidden = false;
        return;
      }
    }
    setTimeout(ask, EVERY_MS);
  };
  ask();
}
