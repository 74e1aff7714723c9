// The desks' keys, the page viewer, and what keeps typed words safe. Everything that counts is done by the server.
"use strict";

const csrf = document.querySelector("meta[name=csrf]");
const user = document.querySelector("meta[name=user]");
const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

document.addEventListener("htmx:configRequest", (event) => {
  if (csrf) event.detail.headers["X-CSRF-Token"] = csrf.content;
});
// A refusal is told above the page: what was typed stays where it is.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status >= 400) Object.assign(event.detail, { target: $("#notice"), swapOverride: "innerHTML" });
  else if ($("#notice")) $("#notice").replaceChildren();
});
const FAILED = "网络连接失败，内容还在，请重试。 The network failed; nothing was lost, try again.";
document.addEventListener("htmx:sendError", () => tell(FAILED));

function tell(text) {
  const line = document.createElement("p");
  line.className = "wrong";
  line.textContent = text;
  $("#notice").replaceChildren(line);
}

// The log-in ended: it is renewed in a dialog on this page, and what was asked for is asked again.
let waiting = null;
document.addEventListener("htmx:responseError", (event) => {
  if (event.detail.xhr.status === 401) askAgain(event.detail.elt);
});
document.addEventListener("submit", (event) => {
  // A form without htmx would lose the page: ask first whether the log-in still holds.
  const form = event.target;
  if (form.id === "again-form" || form.method !== "post" || form.matches("[hx-post]") || form.action.endsWith("/login")) return;
  if (form.dataset.checked || !csrf) return delete form.dataset.checked;
  event.preventDefault();
  if (form.dataset.asking) return; // a double click is one click
  form.dataset.asking = "yes";
  const submitter = event.submitter;
  fetch("/alive").then((answer) => {
    if (answer.status === 401) return askAgain(form);
    form.dataset.checked = "yes";
    form.requestSubmit(submitter);
  }, () => tell(FAILED)).finally(() => setTimeout(() => {
    delete form.dataset.asking;
    delete form.dataset.checked;
  }, 1000));
});

function askAgain(element) {
  waiting = element;
  if (!$("#again").open) $("#again").showModal();
  $("#again input[name=password]").focus();
}

if ($("#again-form")) $("#again-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const answer = await fetch("/login", { method: "POST", body: new URLSearchParams(new FormData(form)) });
  const said = await answer.json();
  if (!answer.ok) {
    $(".wrong", form).textContent = `${said.error} ${said.remedy}`;
    return;
  }
  if (said.name !== user.content) return location.reload(); // another person's desk now
  csrf.content = said.csrf;
  $$("input[name=csrf]").forEach((input) => (input.value = said.csrf));
  form.password.value = "";
  $("#again").close();
  const again = waiting;
  waiting = null;
  if (again) again.matches("form") ? again.requestSubmit() : htmx.trigger(again, "click");
});

// One request of a panel at a time: a double click is one click.
document.addEventListener("htmx:beforeRequest", (event) => {
  const panel = event.detail.elt.closest("#panel, form#letter");
  if (!panel) return;
  if (panel.dataset.busy) event.preventDefault();
  else panel.dataset.busy = "yes";
});
document.addEventListener("htmx:afterRequest", (event) => {
  const panel = event.detail.elt.closest("#panel, form#letter");
  if (panel) delete panel.dataset.busy;
});

// The viewer.
const desk = $("#desk");
const view = { page: -1, zoom: 1, x: 0, y: 0, turn: 0, overlay: false };

function pages() { return $$("#pages li"); }

function show(number) {
  const page = pages()[number];
  if (!page) return;
  if (number !== view.page) {
    view.page = number;
    $("#page-name").textContent = page.dataset.title;
    const kept = Number(page.dataset.width) > 0;
    $("#no-picture").hidden = kept;
    $("#sheet").hidden = !kept;
    if (kept) {
      $("#page").removeAttribute("data-full");
      $("#page").alt = page.dataset.title;
      $("#page").src = `/papers/${desk.dataset.case}/page/${number}/view.jpg`;
    }
    fit();
  }
  place();
}

function size() {
  const page = pages()[view.page];
  const stage = $("#stage").getBoundingClientRect();
  const [w, h] = [Number(page.dataset.width) || 1, Number(page.dataset.height) || 1];
  const scale = Math.min(stage.width / w, stage.height / h);
  return { width: w * scale, height: h * scale, stage };
}

function fit() { Object.assign(view, { zoom: 1, x: 0.5, y: 0.5 }); }

function place() {
  if (view.page < 0) return;
  const { width, height, stage } = size();
  const sheet = $("#sheet");
  sheet.style.width = `${width}px`;
  sheet.style.height = `${height}px`;
  const dx = stage.width / 2 - view.x * width, dy = stage.height / 2 - view.y * height;
  const ox = view.x * width, oy = view.y * height;
  sheet.style.transformOrigin = `${ox}px ${oy}px`;
  sheet.style.transform = `translate(${dx}px, ${dy}px) rotate(${view.turn}deg) scale(${view.zoom})`;
  if (view.zoom > 1.4 && !$("#page").dataset.full) {
    const sharp = new Image();
    const [page, number] = [$("#page"), view.page];
    page.dataset.full = "yes";
    sharp.onload = () => { if (view.page === number) page.src = sharp.src; };
    sharp.src = `/papers/${desk.dataset.case}/page/${number}/full.jpg`;
  }
}

function boxOf(text) { return text.split(",").map(Number); }

function point(page, box) {
  const changed = Number(page) !== view.page;
  show(Number(page));
  const [x0, y0, x1, y1] = boxOf(box);
  const whole = x1 - x0 > 0.9 && y1 - y0 > 0.9;
  const { width, height, stage } = size();
  view.x = (x0 + x1) / 2;
  view.y = (y0 + y1) / 2;
  const zoom = Math.min(stage.width * 0.7 / ((x1 - x0) * width || 1), stage.height * 0.5 / ((y1 - y0) * height || 1), 3);
  view.zoom = whole ? 1 : Math.max(1, zoom);
  if (whole) fit();
  framed($("#frame"), [x0, y0, x1, y1], whole);
  place();
  return changed;
}

function framed(element, [x0, y0, x1, y1], hidden) {
  element.hidden = hidden;
  element.style.left = `${x0 * 100}%`;
  element.style.top = `${y0 * 100}%`;
  element.style.width = `${(x1 - x0) * 100}%`;
  element.style.height = `${(y1 - y0) * 100}%`;
}

const views = {
  previous: () => { show(Math.max(0, view.page - 1)); $("#frame").hidden = true; },
  next: () => { show(Math.min(pages().length - 1, view.page + 1)); $("#frame").hidden = true; },
  in: () => { view.zoom = Math.min(8, view.zoom * 1.4); place(); },
  out: () => { view.zoom = Math.max(0.5, view.zoom / 1.4); place(); },
  fit: () => { fit(); place(); },
  turn: () => { view.turn = (view.turn + 90) % 360; place(); },
  overlay: () => { view.overlay = !view.overlay; $("[data-view=overlay]").setAttribute("aria-pressed", view.overlay); overlay(); },
};

// A cut-out mark over the place that it was cut from, turned back as it lay there.
function overlay() {
  const item = selected(), over = $("#over");
  over.hidden = !view.overlay || !item || !item.dataset.mark || !item.dataset.box;
  if (over.hidden) return;
  over.src = `/papers/${desk.dataset.case}/mark/${item.dataset.mark}.png`;
  framed(over, boxOf(item.dataset.box), false);
  over.style.transform = `rotate(${item.dataset.angle || 0}deg)`;
}

function pan(dx, dy) {
  const { width, height } = size();
  const turned = [[dx, dy], [dy, -dx], [-dx, -dy], [-dy, dx]][view.turn / 90];
  view.x = Math.min(1, Math.max(0, view.x + turned[0] / width / view.zoom));
  view.y = Math.min(1, Math.max(0, view.y + turned[1] / height / view.zoom));
  place();
}

function watchStage() {
  const stage = $("#stage");
  let from = null;
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    view.zoom = Math.min(8, Math.max(0.5, view.zoom * Math.exp(-event.deltaY / 500)));
    place();
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    if (cutting) return cutting.begin(event);
    from = [event.clientX, event.clientY];
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => {
    if (cutting) return cutting.move(event);
    if (!from) return;
    pan(from[0] - event.clientX, from[1] - event.clientY);
    from = [event.clientX, event.clientY];
  });
  stage.addEventListener("pointerup", () => { if (cutting) cutting.end(); from = null; });
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-60, 0], ArrowRight: [60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] }[event.key];
    if (step && !cutting) { event.preventDefault(); event.stopPropagation(); pan(...step); }
  });
  new ResizeObserver(place).observe(stage);
}

// A frame for cutting a mark anew: dragged, or moved by keys.
let cutting = null;

function cut(form, item) {
  const box = item.dataset.box ? boxOf(item.dataset.box) : [0.4, 0.4, 0.6, 0.6];
  if (item.dataset.page) point(item.dataset.page, box.join(","));
  const frame = $("#frame");
  frame.classList.add("cutting");
  framed(frame, box, false);
  $(".small", form).hidden = false;
  let start = null;
  const at = (event) => {
    const sheet = $("#page").getBoundingClientRect();
    return [(event.clientX - sheet.left) / sheet.width, (event.clientY - sheet.top) / sheet.height].map((v) => Math.min(1, Math.max(0, v)));
  };
  const set = (next) => { box.splice(0, 4, ...next.map((v) => Math.min(1, Math.max(0, v)))); framed(frame, box, false); };
  const over = () => { frame.classList.remove("cutting"); $(".small", form).hidden = true; cutting = null; };
  view.turn = 0; // a frame lies along the page
  place();
  cutting = {
    begin: (event) => { start = at(event); },
    move: (event) => { if (start) { const now = at(event); set([Math.min(start[0], now[0]), Math.min(start[1], now[1]), Math.max(start[0], now[0]), Math.max(start[1], now[1])]); } },
    end: () => { start = null; },
    key: (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      const by = 0.005;
      if (event.key === "Escape") over();
      else if (event.key === "Enter") {
        ["x0", "y0", "x1", "y1"].forEach((name, n) => ($(`input[name=${name}]`, form).value = box[n]));
        $("input[name=page]", form).value = view.page;
        over();
        form.requestSubmit();
      } else if (step && event.shiftKey) set([box[0], box[1], box[2] + step[0] * by, box[3] + step[1] * by]);
      else if (step) set([box[0] + step[0] * by, box[1] + step[1] * by, box[2] + step[0] * by, box[3] + step[1] * by]);
      else return;
      event.preventDefault();
    },
  };
}

// What is selected: one thing found or read, with its crop and what may be done with it.
function items() { return $$("#items > .item"); }
function selected() { return $("#items > .item.selected"); }

function select(item, focus = true) {
  if (!item) return;
  items().forEach((other) => other.classList.toggle("selected", other === item));
  $$("img[data-src]", item).forEach((img) => { img.src = img.dataset.src; img.removeAttribute("data-src"); });
  if (item.dataset.page) point(item.dataset.page, item.dataset.box);
  overlay();
  if (focus) item.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = items(), at = all.indexOf(selected());
  select(all[Math.min(all.length - 1, Math.max(0, at + by))]);
}

const roles = { e: "edit", s: "settle", c: "confirm", m: "recut", a: "approve", x: "reject" };

function act(key) {
  const item = selected();
  if (/^[1-4]$/.test(key)) return press(item && $(`[data-role=suggest-${key}]`, item));
  const role = roles[key];
  if (!role) return false;
  const within = key === "a" || key === "x" ? $("#panel") : item;
  const found = within && $(`[data-role=${role}]`, within);
  if (!found) return false;
  if (found.matches("input")) { found.focus(); found.select(); return true; }
  return press(found);
}

function press(element) {
  if (!element || element.disabled) return false;
  element.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (cutting) return cutting.key(event);
  if (event.key === "Enter" && event.ctrlKey) { if (press($('[data-key="ctrl+Enter"]'))) event.preventDefault(); return; }
  if ($("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input:not([type=hidden]), textarea, select")) {
    if (event.key === "Escape") { event.target.blur(); const item = selected(); if (item) item.focus(); }
    return;
  }
  const moves = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };
  if (moves[event.key] && desk) { event.preventDefault(); return step(moves[event.key]); }
  if (desk && act(event.key)) return event.preventDefault();
  if (press($(`[data-key="${CSS.escape(event.key)}"]`))) event.preventDefault();
});

document.addEventListener("click", (event) => {
  const view = event.target.closest("[data-view]");
  if (view) return views[view.dataset.view]();
  const go = event.target.closest("[data-go]");
  if (go) return point(...go.dataset.go.split(":"));
  if (event.target.closest("[data-help]")) return $("#help").showModal();
  const recut = event.target.closest("[data-role=recut]");
  if (recut) return cut(recut.closest("form"), recut.closest(".item"));
  const item = event.target.closest("#items > .item");
  if (item && item !== selected()) select(item, !event.target.closest("input, button, a"));
});
document.addEventListener("focusin", (event) => {
  const item = event.target.closest("#items > .item");
  if (item && item !== selected()) select(item, false);
});

// An image at true size: it was cut out at 600 pixels an inch, and a CSS inch has 96.
document.addEventListener("load", (event) => {
  const img = event.target;
  if (img.matches && img.matches("img[data-true-size]")) img.width = img.naturalWidth / 600 * 96;
}, true);

// After an act the panel is new: go on with what is left.
document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "panel" || $("#panel") === event.detail.elt) begin(); });

function begin() {
  const typing = document.activeElement && document.activeElement.matches("#panel input");
  select($("#items > .finding:not(.settled):not(.notes)") || items()[0], !typing);
}

if (desk) {
  watchStage();
  show(0);
  begin();
  if (desk.dataset.mine) setInterval(beat, 30000);
} else if (!document.activeElement || document.activeElement === document.body) {
  $$("img[data-src]").forEach((img) => { img.src = img.dataset.src; });
}
$$("form#letter ~ figure img[data-src], .card img[data-src]").forEach((img) => { img.src = img.dataset.src; });

async function beat() {
  const answer = await fetch(`/review/${desk.dataset.case}/keep`, { method: "POST", headers: { "X-CSRF-Token": csrf.content, "X-Background": "yes" } }).catch(() => null);
  if (!answer || !answer.ok) return;
  const { holder } = await answer.json();
  if (holder && holder !== user.content) tell(`${holder} 已接手这件申请。 ${holder} has taken this case over.`);
}
