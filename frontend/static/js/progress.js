/** Opens the page again until the work has ended; without this script a button does. */
const EVERY_MS = 3000;

setTimeout(() => location.reload(), EVERY_MS);
