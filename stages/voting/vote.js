"use strict";
// The pages of a study. All that is asked comes from the server, or from the data of the page if it is one file.

const $ = (id) => document.getElementById(id);
const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
const LONGEST = 86400000; // ms that a response time may be
const SEEN = 0.25; // s for which pictures are on the screen before one can be chosen

function problem(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

function only(section) {
  for (const each of ["welcome", "trial", "end"]) $(each).hidden = each !== section;
}

// A study on a server. What was not acknowledged is sent again until it is; the server counts it once.
function server() {
  const place = location.pathname.replace(/\/$/, "");

  async function ask(path, body) {
    const options = { cache: "no-store", credentials: "omit" };
    if (body) {
      Object.assign(options, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
    }
    for (let wait = 1; ; wait = Math.min(2 * wait, 10)) {
      let answer = null;
      try {
        answer = await fetch(path, options);
        if (answer.ok) {
          const read = await answer.json();
          problem("");
          return read;
        }
      } catch {
        answer = null; // no connection, or it broke in the middle
      }
      if (answer && answer.status < 500 && answer.status !== 429) {
        throw new Error((await answer.json().catch(() => ({}))).problem || "The server did not accept this. Load the page again.");
      }
      problem(answer && answer.status === 429 ? "One moment, please." : "No connection. What you chose is kept, and will be sent again.");
      await pause(wait);
    }
  }

  return {
    begun: place !== "",
    begin: async () => {
      const token = new URLSearchParams(location.search).get("token") || "";
      location.replace(`/p/${(await ask("/begin", { token })).code}`);
      await new Promise(() => {}); // until the new page is there
    },
    state: () => ask(`${place}/state`),
    answer: (number, choice, ms) => ask(`${place}/answers`, { number, choice, ms }),
    picture: (name) => `${place}/pictures/${name}.webp`,
    resumes: true,
  };
}

// A study in one file. The answers stay in the browser until they are saved as a file.
function file(study) {
  const key = `study-${study.study}`;
  let own = null;
  try {
    own = JSON.parse(localStorage.getItem(key));
  } catch {
    own = null; // the browser keeps nothing for files; then the page must not be closed in between
  }
  const random = (bytes) => [...crypto.getRandomValues(new Uint8Array(bytes))];
  const keep = () => {
    try {
      localStorage.setItem(key, JSON.stringify(own));
    } catch {
      // as above
    }
  };
  const state = (more) => {
    const trials = study.sheets[own.sheet];
    const done = own.answers.length;
    const next = trials.slice(done + 1, done + 2).flatMap((each) => [each.left, each.right, ...each.sources.map((s) => s.picture)]);
    return { done, of: trials.length, rater: own.code, trial: done < trials.length ? { number: done, ...trials[done] } : null, next, ...more };
  };
  return {
    begun: Boolean(own),
    begin: async () => {
      const asked = /^#(\d{1,4})$/.exec(location.hash);
      const by_chance = random(4).reduce((sum, byte) => 256 * sum + byte, 0);
      const sheet = (asked ? Number(asked[1]) : by_chance) % study.sheets.length;
      own = { code: `f${random(5).map((byte) => byte.toString(16).padStart(2, "0")).join("")}`, sheet, answers: [] };
      keep();
    },
    state: async () => state({}),
    answer: async (number, choice, ms) => {
      const trial = study.sheets[own.sheet][number];
      if (number === own.answers.length) own.answers.push({ number, choice, ms, at: Date.now() / 1000 });
      keep();
      return state(trial.practice ? { right: choice === trial.practice } : {});
    },
    picture: (name) => `data:image/webp;base64,${study.pictures[name]}`,
    save: () => {
      const content = JSON.stringify({ format: 1, study: study.study, ...own });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
      link.download = `answers-${own.code}.json`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    },
    forget: () => {
      own = null;
      try {
        localStorage.removeItem(key);
      } catch {
        // as above
      }
    },
    resumes: false,
  };
}

const data = $("study");
const study = data ? file(JSON.parse(data.textContent)) : server();
let current = null; // the trial on the screen, once all its pictures are there
let since = 0;

async function load(image, name) {
  for (let tries = 0; ; tries++) {
    image.src = study.picture(name) + (tries && study.resumes ? `?again=${tries}` : "");
    try {
      await image.decode();
      return;
    } catch (error) {
      if (tries >= 20) throw error;
      problem("A picture did not come. One moment, please.");
      await pause(Math.min(1 + tries, 10));
    }
  }
}

function source(each) {
  const figure = document.createElement("figure");
  const image = document.createElement("img");
  const caption = document.createElement("figcaption");
  image.alt = `Photo: ${each.says}`;
  caption.textContent = each.says;
  figure.append(image, caption);
  return [figure, load(image, each.picture)];
}

async function show(state) {
  current = null;
  const trial = state.trial;
  $("progress").max = state.of;
  $("progress").value = state.done;
  if (!trial) {
    $("code").textContent = state.rater;
    $("send").hidden = !study.save;
    $("close").hidden = Boolean(study.save);
    only("end");
    $("thanks").focus();
    return;
  }
  only("trial");
  const practice = trial.practice ? ", for practice" : "";
  $("where").textContent = `${trial.number + 1} of ${state.of}${practice}`;
  $("note").textContent = state.right === undefined ? "" : `In the last question ${state.right ? "you were right: the other picture was" : "the picture that you chose was"} damaged.`;
  $("resume").hidden = !study.resumes;
  const shown = trial.sources.map(source);
  $("sources").replaceChildren(...shown.map(([figure]) => figure));
  const sides = ["left", "right"].map((side) => load($(side).querySelector("img"), trial[side]));
  await Promise.all([...shown.map(([, loaded]) => loaded), ...sides]);
  problem("");
  since = performance.now();
  await pause(SEEN); // a key that was pressed twice is no answer to what nobody has seen
  for (const side of ["left", "right"]) $(side).disabled = false;
  scrollTo(0, 0);
  $("question").focus({ preventScroll: true });
  current = trial;
  for (const name of state.next) new Image().src = study.picture(name);
}

async function choose(side) {
  if (!current) return;
  const trial = current;
  const ms = Math.min(Math.round(performance.now() - since), LONGEST);
  current = null;
  for (const each of ["left", "right"]) $(each).disabled = true;
  await go(() => study.answer(trial.number, side, ms));
}

async function go(step) {
  try {
    await show(await step());
  } catch (error) {
    problem(error.message || "Something went wrong. Load the page again.");
  }
}

function enlarge() {
  const large = document.body.classList.toggle("large");
  $("enlarge").setAttribute("aria-pressed", String(large));
}

$("begin").addEventListener("click", async () => {
  $("begin").disabled = true;
  await go(async () => {
    await study.begin();
    return study.state();
  });
  $("begin").disabled = false;
});
$("left").addEventListener("click", () => choose("left"));
$("right").addEventListener("click", () => choose("right"));
$("enlarge").addEventListener("click", enlarge);
$("download").addEventListener("click", () => {
  study.save();
  $("again").hidden = false;
});
$("again").addEventListener("click", () => {
  study.forget();
  $("again").hidden = true;
  only("welcome");
});
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || $("trial").hidden) return;
  const key = event.key.toLowerCase();
  if (key === "a" || key === "arrowleft") choose("left");
  else if (key === "b" || key === "arrowright") choose("right");
  else if (key === "z") enlarge();
});

if (study.begun) go(() => study.state());
else only("welcome");
