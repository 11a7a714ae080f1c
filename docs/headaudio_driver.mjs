// Drives the npm package @met4citizen/headaudio without a browser: its audio processor and its node are joined by
// plain calls. Usage: node headaudio_driver.mjs PACKAGE_FOLDER SAMPLES.f32 FPS   (16 kHz mono float32)
// prints {"names": [...], "frames": [[value of each viseme], ...]}: what an avatar would be given at each frame.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [folder, soundPath, fpsText] = process.argv.slice(2);
const fps = Number(fpsText);
let nodePort, processorPort, Worklet;
const port = () => ({ onmessage: null, postMessage() {} });

globalThis.sampleRate = 16000;
globalThis.registerProcessor = (_, processor) => { Worklet = processor; };
globalThis.AudioWorkletProcessor = class { constructor() { this.port = processorPort = port(); } };
globalThis.AudioWorkletNode = class { constructor() { this.port = nodePort = port(); } };
globalThis.fetch = async (path) => {
  const bytes = readFileSync(path);
  return { ok: true, arrayBuffer: async () => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) };
};

const load = (name) => import(pathToFileURL(join(folder, "modules", name)));
await load("headworklet.mjs");
const { HeadAudio } = await load("headaudio.mjs");
const processor = new Worklet({ processorOptions: {} });
const node = new HeadAudio({}, {});
nodePort.postMessage = (data) => processorPort.onmessage({ data });
processorPort.postMessage = (data) => nodePort.onmessage({ data });
await node.loadModel(join(folder, "dist", "model-en-mixed.bin"));

const bytes = readFileSync(soundPath);
const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const values = new Map(node.visemeNames.map((name) => [name, 0]));
node.onvalue = (name, value) => values.set(name, value);
const frames = [];
for (let start = 0; start < samples.length; start += 128) {
  while (frames.length / fps <= start / 16000) {
    node.update(1000 / fps);
    frames.push([...values.values()]);
  }
  processor.process([[samples.subarray(start, start + 128)]], [], {});
}
console.log(JSON.stringify({ names: [...values.keys()], frames }));
