/** What of a long text stays at its end, in letters. */
const TAIL = 8;

/** A text that is drawn in a font, cut in its middle where it is wider than there is room, in pixels. */
export function cut(text: string, font: string, room: number): string {
  if (text.length * WIDEST < room || width(text, font) <= room) {
    return text;
  }
  const letters = [...text];
  const tail = letters.length > 2 * TAIL ? letters.slice(-TAIL).join('') : '';
  let [low, high] = [1, letters.length - tail.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const shorter = `${letters.slice(0, middle).join('')}…${tail}`;
    if (width(shorter, font) <= room) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return `${letters.slice(0, low).join('')}…${tail}`;
}

/** No letter of a usual font is wider, in pixels. */
const WIDEST = 14;

function width(text: string, font: string): number {
  canvas ??= document.createElement('canvas').getContext('2d');
  if (!canvas) {
    return 0;
  }
  if (canvas.font !== font) {
    canvas.font = font;
  }
  return canvas.measureText(text).width;
}

let canvas: CanvasRenderingContext2D | null = null;
