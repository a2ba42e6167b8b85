import { IRequestColumn } from '../types';
import { choices, fieldOf, kindOf, rowText, valueText } from './form';

function column(name: string, more: Partial<IRequestColumn> = {}) {
  return {
    ...{ name, type: 'double', nullable: false, categories: null },
    ...{ ordered: false, dtype: 'float64' },
    ...more
  };
}

describe('a row that is asked for', () => {
  it('keeps every digit of a whole number', () => {
    const id = column('id', { type: 'int64' });
    const field = fieldOf('9007199254740993');
    expect(valueText(id, field)).toBe('9007199254740993');
  });

  it('sends what is no number as text, for the service to refuse', () => {
    const delay = column('delay');
    expect(valueText(delay, { text: ' 1.5 ', isNull: false })).toBe('1.5');
    expect(valueText(delay, { text: '1e3', isNull: false })).toBe('1e3');
    for (const text of ['', '01', '1,5', 'NaN', '{}', '"']) {
      expect(JSON.parse(valueText(delay, { text, isNull: false }))).toBe(text);
    }
  });

  it('knows a choice by its value, and not by its text alone', () => {
    const line = column('line', { type: 'int64', categories: [1, 2] });
    expect(kindOf(line)).toBe('choice');
    expect(choices(line)).toEqual(['1', '2']);
    expect(valueText(line, fieldOf(2))).toBe('2');
    const late = column('late', { type: 'bool' });
    expect(choices(late)).toEqual(['true', 'false']);
    expect(valueText(late, fieldOf(false))).toBe('false');
  });

  it('is JSON whatever the columns are called', () => {
    const columns = [
      column('air "time"'),
      column('at', { type: 'timestamp[us]' }),
      column('note', { type: 'string', nullable: true })
    ];
    const fields = {
      'air "time"': fieldOf(100.5),
      at: fieldOf('2013-01-01T05:00:00')
    };
    expect(JSON.parse(rowText(columns, fields))).toEqual({
      'air "time"': 100.5,
      at: '2013-01-01T05:00:00',
      note: null
    });
  });

  it('tells an empty text from a null', () => {
    const note = column('note', { type: 'string', nullable: true });
    expect(valueText(note, fieldOf(null))).toBe('null');
    expect(valueText(note, fieldOf(''))).toBe('""');
  });
});
