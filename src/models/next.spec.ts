import { registered, service } from '../testing/models';
import { IModelsState } from './model';
import { nextStep } from './next';

function state(more: Partial<IModelsState>): IModelsState {
  return {
    versions: [],
    services: [],
    job: null,
    selected: null,
    packaged: null,
    ...more
  };
}

describe('the next step', () => {
  it('is nothing where there is no model', () => {
    expect(nextStep(state({}))).toBeNull();
  });

  it('packages, serves and tries the newest model, in this order', () => {
    const old = registered('delay', 1, { package: 'delay@v1' });
    const time = '2026-11-23T12:00:00.000Z';
    const fresh = registered('delay', 2, { time });
    const versions = [old, fresh];
    expect(nextStep(state({ versions }))).toEqual({
      do: 'package',
      ref: 'delay@v2'
    });
    const packaged = [old, { ...fresh, package: 'delay@v2' }];
    const stopped = service('delay', { ref: 'delay@v2' });
    expect(
      nextStep(state({ versions: packaged, services: [stopped] }))
    ).toEqual({ do: 'serve', ref: 'delay@v2', instead: null });
    const serving = { ...stopped, state: 'serving' as const };
    expect(
      nextStep(state({ versions: packaged, services: [serving] }))
    ).toEqual({ do: 'try', name: 'delay' });
  });

  it('says what it would take the place of', () => {
    const versions = [registered('delay', 2, { package: 'delay@v2' })];
    const services = [service('delay', { state: 'serving', ref: 'delay@v1' })];
    expect(nextStep(state({ versions, services }))).toEqual({
      do: 'serve',
      ref: 'delay@v2',
      instead: 'delay@v1'
    });
  });

  it('ends what does not answer', () => {
    const versions = [registered('delay', 1, { package: 'delay@v1' })];
    const services = [service('delay', { state: 'unreachable' })];
    expect(nextStep(state({ versions, services }))).toEqual({
      do: 'stop',
      name: 'delay'
    });
  });

  it('is of what is selected', () => {
    const versions = [
      registered('delay', 1),
      registered('price', 1, { time: '2026-11-23T12:00:00.000Z' })
    ];
    expect(nextStep(state({ versions, selected: 'model delay@v1' }))).toEqual({
      do: 'package',
      ref: 'delay@v1'
    });
    const services = [service('price')];
    expect(
      nextStep(state({ versions, services, selected: 'service price' }))
    ).toEqual({ do: 'serve', ref: 'price@v1', instead: null });
  });
});
