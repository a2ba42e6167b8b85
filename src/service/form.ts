import { IRequestColumn } from '../types';

/** What somebody has written for one column. */
export interface IField {
  readonly text: string;
  readonly isNull: boolean;
}

export type FieldKind = 'number' | 'bool' | 'choice' | 'text';

/** How a column is asked for. */
export function kindOf(column: IRequestColumn): FieldKind {
  if (column.categories !== null) {
    return 'choice';
  }
  if (column.type === 'bool') {
    return 'bool';
  }
  return isNumber(column) ? 'number' : 'text';
}

/** What is chosen from: `true` and `false`, or the categories. */
export function choices(column: IRequestColumn): string[] {
  return (column.categories ?? [true, false]).map(textOf);
}

/** A value of a row as it is written into its field. */
export function fieldOf(value: unknown): IField {
  return { text: textOf(value), isNull: value === null || value === undefined };
}

/** The fields of a row as JSON. A number stays as it was written: JavaScript's own would lose digits. */
export function rowText(
  columns: readonly IRequestColumn[],
  fields: Readonly<Record<string, IField>>
): string {
  const parts = columns.map(column => {
    const field = fields[column.name] ?? { text: '', isNull: true };
    return `${JSON.stringify(column.name)}: ${valueText(column, field)}`;
  });
  return `{${parts.join(', ')}}`;
}

/** One field as JSON. What does not fit goes out as text: the service says what is wrong with it. */
export function valueText(column: IRequestColumn, field: IField): string {
  const text = field.text.trim();
  if (field.isNull) {
    return 'null';
  }
  switch (kindOf(column)) {
    case 'number':
      return NUMBER.test(text) ? text : JSON.stringify(text);
    case 'bool':
      return ['true', 'false'].includes(text) ? text : JSON.stringify(text);
    case 'choice': {
      const found = column.categories?.find(one => textOf(one) === field.text);
      return JSON.stringify(found ?? field.text);
    }
    case 'text':
      return JSON.stringify(field.text);
  }
}

/** A number as JSON writes it (RFC 8259). */
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function isNumber({ type }: IRequestColumn): boolean {
  return /^(u?int(8|16|32|64)|halffloat|float|double)$/.test(type);
}

function textOf(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}
