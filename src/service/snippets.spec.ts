import { curl, plainPython, python, pythonRow } from './snippets';

const ROW = '{"note": "it\'s null", "month": 1, "late": true, "wind": null}';

describe('snippets', () => {
  it('write a row in Python, whatever its texts hold', () => {
    expect(pythonRow(ROW)).toBe(
      '{"note": "it\'s null", "month": 1, "late": True, "wind": None}'
    );
    expect(pythonRow('{"a\\"true": "false"}')).toBe('{"a\\"true": "false"}');
  });

  it('quote what a shell would take apart', () => {
    const text = curl('http://127.0.0.1:3000', ROW, 'TOKEN');
    expect(text).toContain(`it'\\''s null`);
    expect(text).toContain('Bearer TOKEN');
  });

  it('name the address and the token once', () => {
    const url = 'http://127.0.0.1:3000';
    expect(plainPython(url, ROW, 't0k').split('t0k')).toHaveLength(2);
    expect(python('delay@v1', ROW)).not.toContain('Bearer');
  });
});
