import { IComparison, ICurve, IRunEntry } from '../types';
import { figure } from './words';

/** A Vega-Lite description of a chart. */
export type Spec = Record<string, unknown>;

/** The colours of the theme, which a chart does not inherit. */
export interface IColours {
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly font: string;
  /** One for each run, told apart also by those who see no red or green. */
  readonly runs: readonly string[];
}

/** What all charts share. */
export function basis(colours: IColours): Spec {
  const { text, quiet, line, font, runs } = colours;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    background: 'transparent',
    autosize: { type: 'fit', contains: 'padding' },
    usermeta: { embedOptions: { actions: false, renderer: 'svg' } },
    config: {
      font,
      view: { stroke: line },
      axis: {
        labelColor: text,
        titleColor: text,
        gridColor: line,
        domainColor: quiet,
        tickColor: quiet
      },
      legend: { labelColor: text, titleColor: text },
      title: { color: text },
      header: { labelColor: text, titleColor: text },
      range: { category: runs }
    }
  };
}

/** The name of each run, with a part of its id where another is called so too. */
export function labels(runs: readonly IRunEntry[]): Map<string, string> {
  const names = runs.map(({ name }) => name);
  return new Map(
    runs.map(({ id, name }) => [
      id,
      names.filter(other => other === name).length > 1
        ? `${name} ${id.slice(0, 6)}`
        : name
    ])
  );
}

/** The metrics that have steps, most curves first. */
export function stepped(curves: readonly ICurve[]): string[] {
  const names = [...new Set(curves.map(({ name }) => name))];
  const times = (name: string) =>
    curves.filter(curve => curve.name === name).length;
  return names.sort((a, b) => times(b) - times(a));
}

/** One metric over the steps, a line for each run. */
export function overSteps(
  metric: string,
  runs: readonly IRunEntry[],
  curves: readonly ICurve[],
  colours: IColours
): Spec {
  const names = labels(runs);
  const values = curves
    .filter(({ name }) => name === metric)
    .flatMap(({ run, steps, values }) =>
      steps.map((step, i) => ({ run: names.get(run), step, value: values[i] }))
    );
  return {
    ...basis(colours),
    description: `${metric} over the steps of ${[...names.values()].join(', ')}`,
    height: 180,
    data: { values },
    mark: { type: 'line', strokeWidth: 2, tooltip: true },
    encoding: {
      x: { field: 'step', type: 'quantitative', title: 'step' },
      y: {
        field: 'value',
        type: 'quantitative',
        title: metric,
        scale: { zero: false }
      },
      color: colour(runs, colours),
      strokeDash: {
        field: 'run',
        type: 'nominal',
        sort: [...names.values()],
        legend: null
      }
    }
  };
}

/** An axis of the parallel coordinates: where each run crosses it, from 0 at the bottom to 1. */
interface IAxis {
  readonly name: string;
  readonly marks: readonly { at: number; label: string }[];
  readonly at: (run: IRunEntry) => number | null;
  readonly label: (run: IRunEntry) => string | null;
}

/** Every parameter that differs and every metric as an axis of its own, a line through them for each run. */
export function parallel(
  { runs, params, metrics }: Pick<IComparison, 'runs' | 'params' | 'metrics'>,
  colours: IColours
): Spec | null {
  const axes = [
    ...params
      .filter(({ differs }) => differs)
      .map(({ name }) => axis(name, runs, run => run.params[name] ?? null)),
    ...metrics.map(({ name }) =>
      axis(name, runs, run =>
        name in run.metrics ? String(run.metrics[name]) : null
      )
    )
  ].slice(0, 12);
  if (axes.length < 2) {
    return null;
  }
  const names = labels(runs);
  const order = axes.map(({ name }) => name);
  const lines = axes.flatMap(axis =>
    runs.map(run => ({
      run: names.get(run.id),
      axis: axis.name,
      at: axis.at(run),
      value: axis.label(run)
    }))
  );
  const marks = axes.flatMap(({ name, marks }) =>
    marks.map(mark => ({ axis: name, ...mark }))
  );
  const x = {
    field: 'axis',
    type: 'nominal',
    sort: order,
    title: null,
    axis: { labelAngle: 0, grid: true, labelLimit: 100 },
    scale: { type: 'point', padding: 0.5 }
  };
  return {
    ...basis(colours),
    description: `Parameters and metrics of ${[...names.values()].join(', ')}`,
    height: 220,
    layer: [
      {
        data: { values: lines.filter(({ at }) => at !== null) },
        mark: { type: 'line', strokeWidth: 2, point: true, tooltip: true },
        encoding: {
          x,
          y: {
            field: 'at',
            type: 'quantitative',
            axis: null,
            scale: { domain: [0, 1] }
          },
          color: colour(runs, colours),
          detail: { field: 'run', type: 'nominal' },
          tooltip: [
            { field: 'run', type: 'nominal' },
            { field: 'axis', type: 'nominal', title: 'name' },
            { field: 'value', type: 'nominal' }
          ]
        }
      },
      {
        data: { values: marks },
        mark: { type: 'text', align: 'left', dx: 6, color: colours.text },
        encoding: {
          x,
          y: { field: 'at', type: 'quantitative' },
          text: { field: 'label', type: 'nominal' }
        }
      }
    ]
  };
}

/** A name in a legend, cut in its middle where it is long; the whole is in the tooltip of its line. */
const SHORT =
  "length(datum.label) > 26 ? slice(datum.label, 0, 13) + '…' + slice(datum.label, -10) : datum.label";

function colour(runs: readonly IRunEntry[], { runs: range }: IColours): Spec {
  const domain = [...labels(runs).values()];
  return {
    field: 'run',
    type: 'nominal',
    title: null,
    scale: { domain, range: domain.map((_, i) => range[i % range.length]) },
    legend:
      domain.length > 1
        ? {
            ...{ orient: 'top', columns: 4, symbolType: 'stroke' },
            labelExpr: SHORT
          }
        : null
  };
}

function axis(
  name: string,
  runs: readonly IRunEntry[],
  of: (run: IRunEntry) => string | null
): IAxis {
  const texts = [...new Set(runs.map(of))].filter(text => text !== null);
  const numbers = texts.map(Number);
  if (texts.length > 0 && numbers.every(Number.isFinite)) {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const at = (n: number) => (high === low ? 0.5 : (n - low) / (high - low));
    return {
      name,
      marks: [...new Set([low, high])].map(n => ({
        at: at(n),
        label: figure(n)
      })),
      at: run => (of(run) === null ? null : at(Number(of(run)))),
      label: run => (of(run) === null ? null : figure(Number(of(run))))
    };
  }
  const sorted = [...texts].sort();
  const at = (text: string) =>
    sorted.length > 1 ? sorted.indexOf(text) / (sorted.length - 1) : 0.5;
  return {
    name,
    marks: sorted
      .slice(0, 8)
      .map(text => ({ at: at(text), label: text.slice(0, 16) })),
    at: run => {
      const text = of(run);
      return text === null ? null : at(text);
    },
    label: of
  };
}
