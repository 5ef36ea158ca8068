// Sending evidence piece by piece (tus 1.0.0): many at once, with progress, going on after a lost line, never twice.
"use strict";
(() => {
  const AT_ONCE = 3, LONGEST_PAUSE = 30000, LOOKS = 40;
  const wait = (ms) => new Promise((done) => {
    const go = () => { clearTimeout(timer); removeEventListener("online", go); done(); };
    const timer = setTimeout(go, ms);
    addEventListener("online", go); // the line is back: no need to wait on
  });
  const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
  const TUS = { "Tus-Resumable": "1.0.0" };

  // A refusal ends it; anything else is the line's, and is tried again.
  class Refusal extends Error {}
  const refuse = async (answer) => {
    const told = await answer.json().catch(() => ({}));
    throw new Refusal(told.text || String(answer.status));
  };
  const final = (status) => status >= 400 && status < 500 && ![408, 409, 423, 429].includes(status);

  // The bytes from an offset on; XMLHttpRequest tells how far it is.
  const patch = (address, piece, offset, progress, held) => new Promise((done, lost) => {
    const request = new XMLHttpRequest();
    held.request = request;
    request.open("PATCH", address);
    request.setRequestHeader("Tus-Resumable", "1.0.0");
    request.setRequestHeader("Upload-Offset", String(offset));
    request.setRequestHeader("Content-Type", "application/offset+octet-stream");
    request.upload.onprogress = (event) => progress(offset + event.loaded);
    request.onload = () => done(request);
    request.onerror = request.onabort = request.ontimeout = () => lost(new Error("line"));
    request.send(piece);
  });

  const begin = async (form, file) => {
    const pairs = { filename: file.name, subject: form.elements.subject.value, dealer: form.elements.dealer.value };
    const metadata = Object.entries(pairs).map(([name, value]) => `${name} ${encoded(value)}`).join(",");
    const headers = { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": metadata };
    const answer = await fetch("/uploads", { method: "POST", headers });
    if (final(answer.status)) await refuse(answer);
    if (!answer.ok) throw new Error("line");
    return answer.headers.get("Location");
  };

  const offsetOf = async (address) => {
    const answer = await fetch(address, { method: "HEAD", headers: TUS });
    if (answer.status === 404 || answer.status === 410) return null; // forgotten: begin anew
    if (!answer.ok) throw new Error("line");
    return Number(answer.headers.get("Upload-Offset"));
  };

  // What was taken is looked at; a refusal after that is told too.
  const looked = async (address) => {
    for (let look = 0; look < LOOKS; look += 1) {
      const answer = await fetch(address).catch(() => null);
      const told = answer?.ok ? await answer.json() : {};
      if (told.state === "refused") throw new Refusal(told.text);
      if (told.state === "finished") return;
      await wait(look < 10 ? 400 : 2000);
    }
  };

  const send = async (form, file, row) => {
    const words = form.dataset;
    let address = null, pause = 500;
    const progress = (bytes) => { row.bar.value = bytes; };
    for (;;) {
      if (row.held.stopped) throw new Refusal(words.wordFailed);
      try {
        row.say("sends");
        address ??= await begin(form, file);
        let offset = row.held.begun ? await offsetOf(address) : 0;
        if (offset === null) { address = null; row.held.begun = false; continue; }
        row.held.begun = true;
        row.held.address = address;
        while (offset < file.size) {
          const answer = await patch(address, file.slice(offset), offset, progress, row.held);
          if (final(answer.status)) throw new Refusal(JSON.parse(answer.responseText || "{}").text || String(answer.status));
          if (answer.status !== 204) throw new Error("line");
          offset = Number(answer.getResponseHeader("Upload-Offset"));
          progress(offset);
          pause = 500;
        }
        row.say("looks");
        await looked(address);
        return;
      } catch (error) {
        if (error instanceof Refusal) throw error;
        row.say("lost");
        await wait(pause);
        pause = Math.min(pause * 2, LONGEST_PAUSE);
      }
    }
  };

  const rowOf = (form, file) => {
    const line = document.createElement("li"), name = document.createElement("span"), told = document.createElement("span");
    const bar = document.createElement("progress"), button = document.createElement("button");
    name.className = "name"; name.textContent = file.name;
    bar.max = Math.max(file.size, 1); bar.value = 0; bar.setAttribute("aria-label", file.name);
    button.type = "button"; button.className = "quiet"; button.textContent = form.dataset.wordStop;
    line.append(name, button, told, bar);
    form.querySelector(".sending").append(line);
    const held = {};
    const row = { line, bar, told, button, held };
    row.say = (word, tone = "plain", text = "") => {
      const key = "word" + word[0].toUpperCase() + word.slice(1);
      told.className = `state ${tone}`; told.textContent = text || form.dataset[key];
    };
    button.onclick = () => {
      held.stopped = true;
      held.request?.abort();
      if (held.address) fetch(held.address, { method: "DELETE", headers: TUS }).catch(() => null);
      line.remove();
    };
    row.say("waits");
    return row;
  };

  for (const form of document.querySelectorAll("[data-upload]")) {
    const queue = [];
    let running = 0, sent = 0;
    const next = () => {
      while (running < AT_ONCE && queue.length) {
        const [file, row] = queue.shift();
        if (row.held.stopped) continue;
        running += 1;
        send(form, file, row).then(() => {
          sent += 1;
          row.bar.value = row.bar.max;
          row.button.remove();
          row.say("done", "good");
        }).catch((refusal) => {
          row.say("failed", "critical", refusal.message);
          row.button.textContent = form.dataset.wordAgain;
          row.button.onclick = () => { row.line.remove(); add([file]); };
        }).finally(() => {
          running -= 1;
          next();
          // All are there: the page shows them. What is still to be read is kept in sight when something failed.
          if (!running && !queue.length && sent && !form.querySelector(".sending .critical")) location.assign(form.elements.back.value);
        });
      }
    };
    const add = (files) => { for (const file of files) queue.push([file, rowOf(form, file)]); next(); };
    form.addEventListener("submit", (event) => event.preventDefault());
    form.elements.file.addEventListener("change", () => { add([...form.elements.file.files]); form.elements.file.value = ""; });
    form.querySelector("button").hidden = true;
    addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });
  }
})();
