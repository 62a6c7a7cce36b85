/** The list of conversations works without scripts; this shows its times by the reader's clock. */

import { showTimes } from "./times.js";

showTimes(document, { short: true });
