// A camera that films another person's screen.
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const WIDTH = 640;
const HEIGHT = 480;

/** The modules of a QR code on a person's screen, with the white border: rows of booleans, true is dark. */
export async function modulesOf(image) {
  const [side, path] = await image.evaluate((svg) => [svg.viewBox.baseVal.width, svg.querySelector("path").getAttribute("d")]);
  const rows = Array.from({ length: side }, () => Array(side).fill(false));
  for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) rows[y][x] = true;
  return rows;
}

/** A video of one still picture: the code, upright and as large as fits, on a grey table. */
export async function film(rows) {
  const module = Math.floor(HEIGHT / rows.length);
  const left = Math.floor((WIDTH - module * rows.length) / 2);
  const top = Math.floor((HEIGHT - module * rows.length) / 2);
  const luma = Buffer.alloc(WIDTH * HEIGHT, 120);
  rows.forEach((row, y) =>
    row.forEach((dark, x) => {
      for (let line = 0; line < module; line += 1) {
        const start = (top + y * module + line) * WIDTH + left + x * module;
        luma.fill(dark ? 30 : 220, start, start + module);
      }
    }),
  );
  const frame = Buffer.concat([Buffer.from("FRAME\n"), luma, Buffer.alloc((WIDTH * HEIGHT) / 2, 128)]);
  const head = Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420mpeg2\n`);
  const file = join(await mkdtemp(join(tmpdir(), "parley-film-")), "film.y4m");
  await writeFile(file, Buffer.concat([head, frame, frame, frame]));
  return file;
}

/** A video that shows no code. */
export const blank = () => film([[false]]);

/** Chromium's flags for a camera that shows this video to every page that asks. */
export const filming = (file) => [
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  `--use-file-for-fake-video-capture=${file}`,
];

/** Makes `camerasOn` work, from the next page on. */
export async function watchCameras(person) {
  await person.context.addInitScript(() => {
    const devices = navigator.mediaDevices;
    const ask = devices.getUserMedia.bind(devices);
    globalThis.tracks = [];
    devices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      globalThis.tracks.push(...stream.getTracks());
      return stream;
    };
  });
}

/** Waits until this many cameras of the page are on. */
export async function camerasOn(person, count) {
  await person.page.waitForFunction(
    (wanted) => globalThis.tracks.filter((track) => track.readyState === "live").length === wanted,
    count,
  );
}
