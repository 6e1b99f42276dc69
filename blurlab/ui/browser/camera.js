// The camera: a moving picture is filtered here, frame by frame, and the networks answer to what is
// left of it over a WebSocket. Only the newest frame waits; the next is sent when its answer has come.

const SIDE = 256; // of the picture that is filtered
const STEPS = 360; // slider positions
const STRIP = 30000; // ms that the strips show
const STALE = 3000; // ms without an answer after which another frame is sent
const RETRY = 2000; // ms until a lost connection is tried again
const SHOWN = 5000; // ms for which each of the moving objects is shown
const views = new WeakMap();

export default function camera(called) {
  return mount(views, makeView, called, called.setTriggerValue);
}

// ---- Filters ----------------------------------------------------------------------------------

// Strength runs from 0 to 1 along the slider. Each says it in words and filters bytes in place.
const cutoffOf = (strength) => Math.exp(Math.log(1) + strength * Math.log(SIDE / 2));
const KINDS = {
  low: {
    title: () => say("Coarse"), label: () => say("Cutoff"), ends: () => [say("← coarser"), say("all →")], begin: 1,
    words: (at) => [digits(cutoffOf(at)), say("cycles/image")],
    apply: (lab, at) => lab.pass("ideal", cutoffOf(at), false),
    gain: (at) => FILTERS.ideal(cutoffOf(at)),
    cutoff: (at) => cutoffOf(at),
  },
  high: {
    title: () => say("Fine"), label: () => say("Cutoff"), ends: () => [say("← all"), say("finer →")], begin: 0,
    words: (at) => [digits(cutoffOf(at)), say("cycles/image")],
    apply: (lab, at) => lab.pass("ideal", cutoffOf(at), true),
    gain: (at) => (square) => 1 - FILTERS.ideal(cutoffOf(at))(square),
    cutoff: (at) => cutoffOf(at),
  },
  blur: {
    title: () => say("Blur"), label: () => say("Sigma"), ends: () => [say("← sharp"), say("blurred →")], begin: 0,
    words: (at) => [digits(sigmaOf(at)), say("px of {side}", { side: SIDE })],
    apply: (lab, at) => at && lab.pass("gaussian", blurCutoff(at), false),
    gain: (at) => (at ? FILTERS.gaussian(blurCutoff(at)) : () => 1),
    cutoff: (at) => Math.min(blurCutoff(at), SIDE / 2),
  },
  noise: {
    title: () => say("Noise"), label: () => say("Deviation"), ends: () => [say("← none"), say("more →")], begin: 0,
    words: (at) => [digits(0.5 * at), say("of the range")],
    apply: (lab, at) => lab.noise(0.5 * at),
    gain: () => () => 1,
    cutoff: () => null,
  },
};
const sigmaOf = (at) => 24 * at * at;
// A Gaussian's gain is a half at this frequency.
const blurCutoff = (at) => (Math.sqrt(Math.log(2) / 2) / Math.PI) * (SIDE / sigmaOf(at));

// Filters one frame after another with the same plan.
function makeLab() {
  const plan = makePlan(SIDE), nothing = () => new Float64Array(SIDE ** 2);
  const none = () => ({ re: nothing(), im: nothing() });
  const flat = { channels: [nothing(), nothing(), nothing()], spectra: [none(), none()] };
  let rgba = null, analysed = null;
  const lab = {
    take(bytes) { rgba = bytes; analysed = null; },
    analyse: () => (analysed ??= analyse(plan, rgba)),
    power: () => radialPower(plan, lab.analyse()),
    // Fine structure keeps the mean of the picture, so that it can be shown.
    pass(filter, cutoff, isHigh) {
      const found = lab.analyse();
      if (isHigh) {
        found.spectra.forEach(({ re, im }, n) => {
          flat.spectra[n].re[0] = re[0];
          flat.spectra[n].im[0] = im[0];
        });
        hybridizer(plan, flat, found)(filter, cutoff, cutoff, rgba);
      } else {
        flat.spectra.forEach(({ re, im }) => { re[0] = im[0] = 0; });
        hybridizer(plan, found, flat)(filter, cutoff, cutoff, rgba);
      }
    },
    noise(deviation) {
      for (let i = 0; i < rgba.length; i += 2) {
        const radius = 255 * deviation * Math.sqrt(-2 * Math.log(1 - Math.random())), turn = 2 * Math.PI * Math.random();
        rgba[i] += radius * Math.cos(turn);
        if (i % 4 === 0) rgba[i + 1] += radius * Math.sin(turn);
        else rgba[i + 1] = 255;
      }
    },
  };
  return lab;
}

// ---- The channel ------------------------------------------------------------------------------

const IS_LOCAL = ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
const QUALITY = 0.95; // of a JPEG

function pixels(rgba) {
  const bytes = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    bytes[to++] = rgba[from]; bytes[to++] = rgba[from + 1]; bytes[to++] = rgba[from + 2];
  }
  return bytes;
}

const asJpeg = (canvas) => new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));

// Sends frames of one side each; receive(answers, message) is called for each that is answered.
function makeChannel(path, receive, tell) {
  let socket = null, names = [], number = 0, sentAt = null, closed = false, retry = null;
  const address = channelAddress(path);
  const times = new Map();
  function open() {
    socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => { sentAt = null; socket.send(JSON.stringify({ models: names })); tell(null); };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.number === number) sentAt = null;
      const since = performance.now() - (times.get(message.number) ?? performance.now());
      times.delete(message.number);
      receive(message.answers, since);
    };
    socket.onclose = ({ reason }) => {
      if (closed) return;
      tell(reason ? say("The server closed the channel: {reason}", { reason }) : say("The server’s channel cannot be reached; trying again."));
      retry = setTimeout(open, RETRY);
    };
  }
  return {
    ask(next) {
      names = next;
      if (!socket) open();
      else if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ models: names }));
    },
    isFree: () => socket?.readyState === WebSocket.OPEN && (sentAt === null || performance.now() - sentAt > STALE),
    // Over a network a JPEG is sent, with about a tenth of the bytes; canvas shows what rgba holds.
    async frame(rgba, canvas) {
      sentAt = performance.now();
      number = (number + 1) >>> 0;
      times.set(number, sentAt);
      const head = new Uint8Array(4), own = socket;
      new DataView(head.buffer).setUint32(0, number, true);
      const message = IS_LOCAL ? new Blob([head, pixels(rgba)]) : new Blob([head, await asJpeg(canvas)]);
      if (own.readyState === WebSocket.OPEN) own.send(message);
    },
    close() { closed = true; clearTimeout(retry); socket?.close(); },
  };
}

// ---- What is filtered -------------------------------------------------------------------------

// Draw the centre square of what has a width and a height.
function drawSquare(context, source, width, height, mirror) {
  const side = Math.min(width, height);
  context.save();
  if (mirror) { context.translate(SIDE, 0); context.scale(-1, 1); }
  context.drawImage(source, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  context.restore();
}

// Pictures that wander slowly over their own background, one after another.
function makeObjects(urls) {
  const pictures = urls.map((url) => Object.assign(new Image(), { src: url }));
  return (context, now) => {
    const picture = pictures[Math.floor(now / SHOWN) % pictures.length];
    if (!picture.complete || !picture.naturalWidth) return;
    const turn = now / 1500, shift = 14;
    context.drawImage(picture, -shift + shift * Math.cos(turn), -shift + shift * Math.sin(turn), SIDE + 2 * shift, SIDE + 2 * shift);
  };
}

// ---- One mounted camera -----------------------------------------------------------------------

function makeView(parent) {
  const parts = {};
  for (const node of parent.querySelectorAll("[data-part]")) parts[node.dataset.part] = node;
  const lab = makeLab(), read = makeSpeaker(parts.spoken);
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, loop: true });
  const clean = element("canvas", { width: SIDE, height: SIDE }), cleanContext = clean.getContext("2d", { willReadFrequently: true });
  const context = parts.picture.getContext("2d");
  let data = null, models = [], cards = [], channel = null, stream = null, still = null, drawObjects = null, frame = null;
  let source = "objects", kind = "low", strength = 1, mirror = true, frozen = false, count = 0, counted = 0, delay = null;
  let history = [], moveCurves = null;
  const shown = {};
  const view = { root: parts.stage, show, close, send: () => {} };

  function show(next) {
    const old = data;
    data = next;
    if (JSON.stringify(old?.objects) !== JSON.stringify(data.objects)) drawObjects = makeObjects(data.objects);
    channel ??= makeChannel(data.path, receive, tell);
    useModels();
    parts.stage.classList.toggle("presenter", data.presenter);
    label();
    layout();
    observer.observe();
    frame ??= requestAnimationFrame(draw);
  }

  // The drawn objects are shown to networks that know them, and what a camera sees to others.
  function useModels() {
    const next = source === "objects" ? data.drawn : data.seen;
    if (JSON.stringify(next) !== JSON.stringify(models)) {
      models = next;
      cards = models.map((model) => makeCard(model, "", []));
      parts.models.replaceChildren(...cards.map(({ node }) => node));
      parts.strips.replaceChildren(...models.map(makeStrip));
      history = models.map(() => []);
    }
    channel.ask(models.map(({ key }) => key));
    layout();
  }

  // What the controls say in the language that is spoken now.
  function label() {
    parts.start.textContent = source === "camera" ? say("Stop the camera") : say("Camera");
    parts.freeze.textContent = frozen ? say("Go on") : say("Freeze");
    buttons.forEach((button) => { button.textContent = KINDS[button.dataset.kind].title(); });
    writeDial();
  }

  function close() {
    cancelAnimationFrame(frame);
    frame = null;
    observer.disconnect();
    channel?.close();
    channel = null;
    stopCamera();
  }

  // -- Sources ----------------------------------------------------------------------------------

  function stopCamera() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
  }

  function choose(next) {
    source = next;
    if (next !== "camera") stopCamera();
    if (next !== "file") { video.removeAttribute("src"); still = null; }
    parts.objects.setAttribute("aria-pressed", next === "objects");
    parts.picture.dataset.source = next;
    freeze(false);
    if (data) useModels();
  }

  async function startCamera() {
    if (source === "camera") return choose("objects");
    if (!navigator.mediaDevices?.getUserMedia) {
      return tell(say("Browsers give a camera only to pages on localhost or over https: open this one so, or drop a video file onto the picture."));
    }
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, facingMode: "environment" } });
      video.srcObject = stream;
      await video.play();
      choose("camera");
      tell(null);
    } catch (error) {
      choose("objects");
      tell(error.name === "NotAllowedError"
        ? say("The browser was not allowed to use the camera: allow it beside the address, or drop a video file onto the picture.")
        : say("There is no camera to use: connect one, or drop a video file onto the picture."));
    }
  }

  async function open(file) {
    if (!file) return;
    choose("file");
    const url = URL.createObjectURL(file);
    try {
      if (file.type.startsWith("image/")) {
        const picture = Object.assign(new Image(), { src: url });
        await picture.decode();
        still = picture;
      } else {
        video.srcObject = null;
        video.src = url;
        await video.play();
      }
      tell(null);
    } catch {
      choose("objects");
      tell(say("The browser cannot play {name}; it takes videos and pictures.", { name: file.name }));
    }
  }

  parts.start.onclick = startCamera;
  parts.objects.onclick = () => choose("objects");
  parts.file.onchange = () => open(parts.file.files[0]);
  for (const name of ["dragover", "dragleave", "drop"]) {
    parts.stage[`on${name}`] = (event) => {
      event.preventDefault();
      parts.stage.classList.toggle("over", name === "dragover");
      if (name === "drop") open(event.dataTransfer.files[0]);
    };
  }

  // -- Filters ----------------------------------------------------------------------------------

  const buttons = Object.keys(KINDS).map((name) => {
    const button = element("button", { type: "button", role: "radio", "data-kind": name });
    button.onclick = () => setKind(name);
    return button;
  });
  parts.filters.append(...buttons);
  function setKind(next) {
    kind = next;
    strength = KINDS[kind].begin;
    parts.strength.value = STEPS * strength;
    buttons.forEach((button) => button.setAttribute("aria-checked", button.dataset.kind === kind));
    writeDial();
  }
  parts.strength.oninput = () => { strength = parts.strength.value / STEPS; writeDial(); };
  function writeDial() {
    const { label, words, ends } = KINDS[kind], [number, unit] = words(strength);
    parts["strength-label"].textContent = label();
    parts["strength-value"].replaceChildren(element("b", { text: number }), ` ${unit}`);
    parts.strength.setAttribute("aria-valuetext", `${number} ${unit}`);
    [parts["toward-less"].textContent, parts["toward-more"].textContent] = ends();
    placeMarker();
  }

  function freeze(next) {
    frozen = next;
    parts.freeze.setAttribute("aria-pressed", frozen);
    label();
  }
  parts.freeze.onclick = () => freeze(!frozen);
  parts.mirror.onclick = () => {
    mirror = !mirror;
    parts.mirror.setAttribute("aria-pressed", mirror);
  };
  for (const side of ["coarse", "fine"]) {
    parts[side].onclick = () => view.send("taken", { side, picture: clean.toDataURL("image/png") });
  }

  function tell(words) {
    parts.words.hidden = !words;
    parts.words.textContent = words ?? "";
  }

  // -- Frames -----------------------------------------------------------------------------------

  function draw(now) {
    frame = requestAnimationFrame(draw);
    if (!parts.stage.clientWidth || document.hidden) return;
    if (!frozen) {
      if (source === "objects") drawObjects(cleanContext, now);
      else if (still) drawSquare(cleanContext, still, still.naturalWidth, still.naturalHeight, false);
      else if (video.readyState >= 2) drawSquare(cleanContext, video, video.videoWidth, video.videoHeight, mirror && source === "camera");
    }
    const image = cleanContext.getImageData(0, 0, SIDE, SIDE);
    lab.take(image.data);
    const power = count % 6 === 0 ? lab.power() : null;
    KINDS[kind].apply(lab, strength);
    context.putImageData(image, 0, 0);
    if (channel.isFree()) channel.frame(image.data, parts.picture);
    if (power) drawSpectrum(power);
    count++;
    if (now - counted > 1000) {
      const rate = (1000 * count) / (now - counted);
      parts.rate.textContent = counted ? rateWords(rate) : "";
      parts.picture.dataset.rate = rate.toFixed(1);
      [counted, count] = [now, 0];
    }
    drawStrips(now);
  }

  function rateWords(rate) {
    const words = say("{rate} pictures a second", { rate: rate.toFixed(0) });
    return delay === null ? words : `${words}; ${say("answers after {delay} ms", { delay: delay.toFixed(0) })}`;
  }

  function receive(answers, since) {
    const now = performance.now();
    delay = delay === null ? since : 0.8 * delay + 0.2 * since;
    models.forEach((model, n) => {
      const found = answers[model.key];
      if (!found) return;
      const card = cards[n], failed = typeof found === "string";
      card.note.hidden = !failed;
      card.note.textContent = failed ? say("It could not answer.") : "";
      if (failed) return;
      card.node.classList.remove("provisional");
      card.verdict.replaceChildren(`${say("says")} `, element("b", { text: say(found[0][0]) }));
      card.top.forEach((row, k) => fillRow(row, say(found[k]?.[0] ?? "…"), found[k]?.[1] ?? null));
      history[n].push([now, say(found[0][0])]);
      while (history[n][0][0] < now - STRIP) history[n].shift();
    });
    parts.picture.dataset.delay = delay.toFixed(1);
    parts.picture.dataset.answers = Number(parts.picture.dataset.answers ?? 0) + 1;
    read(cards.map(spoken).join(" "));
  }

  // -- Below ------------------------------------------------------------------------------------

  function makeStrip(model) {
    const canvas = element("canvas", { width: 600, height: 24, role: "img", "aria-label": say("Answers of {title} in the last half minute", { title: model.title }) });
    return element("div", { class: "strip" }, symbol(model), element("span", { text: ` ${model.title}` }), canvas);
  }

  // An answer has the same colour for as long as the page is open.
  const colorOf = (word) => COLORS[(shown[word] ??= Object.keys(shown).length) % COLORS.length];

  function drawStrips(now) {
    [...parts.strips.querySelectorAll("canvas")].forEach((canvas, n) => {
      const pen = canvas.getContext("2d"), place = (time) => canvas.width * (1 - (now - time) / STRIP);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      let start = 0;
      history[n].forEach(([time, word], k) => {
        if (k + 1 < history[n].length && history[n][k + 1][1] === word) return;
        const from = place(history[n][start][0]), to = k + 1 < history[n].length ? place(history[n][k + 1][0]) : canvas.width;
        pen.fillStyle = colorOf(word);
        pen.fillRect(from, 0, to - from, canvas.height);
        pen.font = "15px sans-serif";
        if (to - from > pen.measureText(word).width + 8) {
          pen.fillStyle = "#000";
          pen.lineWidth = 3;
          pen.strokeStyle = "#fff";
          pen.strokeText(word, from + 4, 17);
          pen.fillText(word, from + 4, 17);
        }
        start = k + 1;
      });
    });
  }

  let scene = null;
  function layout() {
    const em = parseFloat(getComputedStyle(parts.stage).fontSize), width = parts["spectrum-plot"].clientWidth;
    const room = roomOf(parts.stage.clientWidth, em, 54, data.presenter), isScreen = room === "screen";
    parts.stage.dataset.width = room;
    arrangeCards(parts.models, em, isScreen ? 10 : 15);
    if (isScreen) fitPicture();
    scene = { em, width, height: 11 * em };
    parts.spectrum.setAttribute("width", width);
    parts.spectrum.setAttribute("height", scene.height);
    layCurves(em, room);
  }

  // The picture takes what its controls leave of the screen.
  function fitPicture() {
    const { stage, see, frame } = parts, most = 0.5 * stage.clientWidth;
    const side = clamp(screenBelow(stage) - (see.offsetHeight - frame.offsetHeight), 220, most);
    stage.style.setProperty("--side", `${side}px`);
  }

  // What hybrids of many pictures gave of each network, where that is kept.
  function layCurves(em, room) {
    const known = models.filter(({ hybrids }) => hybrids);
    parts.known.hidden = !known.length;
    if (!known.length || !parts.curve.clientWidth) return;
    const series = Object.fromEntries(known.map(({ key, hybrids }) => [key, makeSeries(hybrids, [])]));
    const unit = { scale: 1, label: say("cycles/image"), suffix: say("cycles/image") };
    const labels = { low: say("the coarse picture"), high: say("the fine picture") };
    const curves = { models: known, labels, size: SIDE, unit, series, em, room };
    curves.height = room === "screen" ? screenBelowPlot(parts.stage, parts.curve) : null;
    curves.axis = makeAxis(curves, parts.curve.clientWidth);
    moveCurves = drawCurves(curves, parts.curve, parts.names);
    placeMarker();
  }

  function placeMarker() {
    const cutoff = KINDS[kind].cutoff(strength);
    parts.curve.classList.toggle("unmarked", cutoff === null);
    if (cutoff !== null) moveCurves?.(Math.max(cutoff, 1));
    parts.curve.dataset.cutoff = cutoff ?? "";
  }

  // Power against frequency, both logarithmic: the picture's, and what the filter leaves of it.
  function drawSpectrum(power) {
    if (!scene?.width) return;
    const { em, width, height } = scene, left = 3 * em, bottom = height - 3 * em, right = width - em;
    const gain = KINDS[kind].gain(strength), highest = Math.log10(power[1] + 1e-9) + 0.3, lowest = highest - 6;
    const x = (ring) => left + ((right - left) * Math.log(ring)) / Math.log(SIDE / 2);
    const y = (value) => bottom - (bottom - em) * clamp((Math.log10(value + 1e-12) - lowest) / (highest - lowest), 0, 1);
    const line = (of) => [...power.keys()].slice(1).map((ring) => `${ring === 1 ? "M" : "L"}${x(ring).toFixed(1)} ${y(of(ring)).toFixed(1)}`).join("");
    const ticks = [1, 2, 4, 8, 16, 32, 64, 128].map((ring) => shape("text", { x: x(ring), y: bottom + 1.3 * em, "text-anchor": "middle", text: ring }));
    parts.spectrum.replaceChildren(
      shape("path", { class: "spectrum high", d: line((ring) => power[ring]) }),
      shape("path", { class: "spectrum low", d: line((ring) => power[ring] * gain(ring * ring) ** 2) }),
      ...ticks,
      shape("text", { class: "title", x: right, y: bottom + 2.6 * em, "text-anchor": "end", text: say("cycles/image") }),
      shape("text", { "text-anchor": "middle", transform: `translate(${em} ${bottom / 2}) rotate(-90)`, text: say("log power") }),
    );
  }

  const observer = observeRoom(parts.stage, layout);
  setKind("low");
  choose("objects");
  return view;
}
