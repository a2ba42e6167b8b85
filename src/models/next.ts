import { IRegisteredVersion, IServiceEntry } from '../types';
import { IModelsState, keyOf } from './model';

/** The one thing to do next with models and services. */
export type NextStep =
  | { do: 'package'; ref: string }
  | { do: 'serve'; ref: string; instead: string | null }
  | { do: 'try'; name: string }
  /** It does not answer: only an end helps. */
  | { do: 'stop'; name: string };

/** The next step of what is selected, else of the newest model. */
export function nextStep(state: IModelsState): NextStep | null {
  const { services, selected, versions } = state;
  const service = services.find(one => keyOf(one) === selected);
  if (service) {
    return ofService(service, service.ref);
  }
  const version =
    versions?.find(one => keyOf(one) === selected) ?? newest(versions ?? []);
  if (!version) {
    return null;
  }
  if (!version.package) {
    return { do: 'package', ref: version.ref };
  }
  const [name] = version.package.split('@');
  const its = services.find(one => one.name === name);
  return its ? ofService(its, version.package) : null;
}

function ofService(service: IServiceEntry, ref: string): NextStep {
  if (service.state === 'stopped') {
    return { do: 'serve', ref, instead: null };
  }
  if (service.state === 'unreachable') {
    return { do: 'stop', name: service.name };
  }
  return service.ref === ref
    ? { do: 'try', name: service.name }
    : { do: 'serve', ref, instead: service.ref };
}

/** The newest version of the model that was registered last. */
function newest(
  versions: readonly IRegisteredVersion[]
): IRegisteredVersion | null {
  return [...versions].sort((a, b) => time(b) - time(a))[0] ?? null;
}

function time({ time, version }: IRegisteredVersion): number {
  return time ? Date.parse(time) : version;
}
