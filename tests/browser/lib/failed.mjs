// A reporter for node's test runner: prints the file and the name of each failed test, one per line.
import { basename } from "node:path";

export default async function* failed(events) {
  for await (const { type, data } of events) {
    // A file that ends before its tests fails as a whole, under its own name.
    if (type === "test:fail" && data.details?.error?.failureType !== "subtestsFailed") {
      yield `${basename(data.file ?? data.name)}\t${data.name}\n`;
    }
  }
}
