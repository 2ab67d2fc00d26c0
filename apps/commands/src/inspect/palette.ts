/** Colours of the pictures, which are light whatever the page around them is. */
export const BACKGROUND = "#f4f4f1";
export const CARD = "#ffffff";
export const LINE = "#d5d5d0";
export const INK = "#1c1c1c";
export const FAINT = "#5c5c5c";
/** What the plan chose; far from every colour of the maps. */
export const ACCENT = "#d1410c";
