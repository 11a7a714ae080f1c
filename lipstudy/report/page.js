(() => {
  "use strict";
  const player = document.querySelector(".player");
  if (!player) return;
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const clips = read("clip-list");
  const coded = read("clip-videos");
  const addresses = new Map();
  const choosers = [...player.querySelectorAll("select[data-field]")];
  const scales = { left: player.querySelector("#scale-left"), right: player.querySelector("#scale-right") };
  const videos = { left: player.querySelector("#video-left"), right: player.querySelector("#video-right") };
  const words = player.querySelector("#words");

  const address = (id) => {
    if (!addresses.has(id)) {
      const bytes = Uint8Array.from(atob(coded[id]), (c) => c.charCodeAt(0));
      addresses.set(id, URL.createObjectURL(new Blob([bytes], { type: "video/mp4" })));
    }
    return addresses.get(id);
  };
  const matching = () => clips.filter((clip) => choosers.every((c) => String(clip[c.dataset.field]) === c.value));
  const fill = (select, values, wanted) => {
    select.replaceChildren(...values.map((value) => new Option(value, value)));
    select.value = values.includes(wanted) ? wanted : values[0];
  };
  const show = (side) => {
    const clip = matching().find((c) => String(c.articulation) === scales[side].value);
    videos[side].src = clip ? address(clip.clip_id) : "";
    words.textContent = clip && clip.text ? `“${clip.text}”` : "";
  };
  const choose = () => {
    const values = [...new Set(matching().map((clip) => clip.articulation))].sort((a, b) => a - b).map(String);
    fill(scales.left, values, scales.left.value || values[0]);
    fill(scales.right, values, scales.right.value || values[values.length - 1]);
    show("left");
    show("right");
  };
  const ready = (video) => video.readyState >= 3 ? Promise.resolve()
    : new Promise((done) => { video.addEventListener("canplay", done, { once: true }); video.load(); });

  choosers.forEach((c) => {
    fill(c, [...new Set(clips.map((clip) => String(clip[c.dataset.field])))], "");
    c.closest("label").hidden = c.options.length < 2;
    c.addEventListener("change", choose);
  });
  scales.left.addEventListener("change", () => show("left"));
  scales.right.addEventListener("change", () => show("right"));
  player.querySelector("#play-both").addEventListener("click", async () => {
    const pair = [videos.left, videos.right];
    pair.forEach((video) => video.pause());
    await Promise.all(pair.map(ready));
    pair.forEach((video) => { video.currentTime = 0; });
    videos.left.muted = false;
    videos.right.muted = true;
    pair.forEach((video) => video.play());
  });
  choose();
})();
