/** What every page has: times by the reader's clock, and links to copy. Both work without. */

import { showTimes } from "./times.js";

showTimes(document);
if (document.querySelector("[data-copy]")) import("./copies.js");
