import { keepFocus } from './focus';

/** What comes of a change is seen a moment later. */
const moment = () => new Promise(resolve => setTimeout(resolve, 5));

describe('the focus in a part of the page', () => {
  let part: HTMLElement;
  let letGo: () => void;
  const button = (name: string) =>
    part.querySelector<HTMLButtonElement>(`#${name}`)!;

  beforeEach(() => {
    document.body.innerHTML =
      '<div id="part"><button id="a"></button><button id="b"></button><button id="c"></button></div><button id="other"></button>';
    part = document.getElementById('part')!;
    letGo = keepFocus(part);
  });
  afterEach(() => letGo());

  it('goes to what stands in the place of a button that is gone', async () => {
    button('b').focus();
    await moment();
    button('b').remove();
    await moment();
    expect(document.activeElement).toBe(button('c'));
  });

  it('goes to what is before it, where it was the last', async () => {
    button('c').focus();
    button('c').remove();
    await moment();
    expect(document.activeElement).toBe(button('b'));
  });

  it('leaves a button that cannot be used any more', async () => {
    button('a').focus();
    button('a').disabled = true;
    await moment();
    expect(document.activeElement).toBe(button('b'));
  });

  it('stays in the part, when nothing is left in it', async () => {
    button('a').focus();
    part.innerHTML = '<p></p>';
    await moment();
    expect(document.activeElement).toBe(part);
  });

  it('is not taken from where somebody went', async () => {
    button('b').focus();
    document.getElementById('other')!.focus();
    button('b').remove();
    await moment();
    expect(document.activeElement).toBe(document.getElementById('other'));
  });

  it('is not taken back, once it was let go of', async () => {
    button('b').focus();
    button('b').blur(); // a click on the page
    await moment();
    button('b').remove();
    await moment();
    expect(document.activeElement).toBe(document.body);
  });
});
