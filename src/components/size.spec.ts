import { size } from './size';

it.each([
  [0, '0 B'],
  [812, '812 B'],
  [5_312_000, '5.3 MB'],
  [999_700, '1.0 MB'],
  [150_000_000, '150 MB'],
  [4e15, '4000 TB']
])('%d bytes are %s', (bytes, words) => expect(size(bytes)).toBe(words));
