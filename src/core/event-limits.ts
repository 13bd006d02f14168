/** The last time that a Date can hold, epoch ms. */
export const latestTime = 8_640_000_000_000_000;

/** Characters of one text in an event. */
export const longestText = 1_048_576;
