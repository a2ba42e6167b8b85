import { IPackage, IRegisteredVersion, IServiceEntry } from '../types';

/** A version of a registered model as the server lists it. */
export function registered(
  name: string,
  version: number,
  more: Partial<IRegisteredVersion> = {}
): IRegisteredVersion {
  return {
    name,
    version,
    ref: `${name}@v${version}`,
    aliases: [],
    run: '4e86129cc34a42278702a61f84d57e4d',
    run_name: 'baseline',
    class_name: 'Pipeline',
    data: [{ name: 'flights', version: 3, id: 'id 3', inferred: null }],
    time: '2026-11-22T12:00:00.000Z',
    package: null,
    ...more
  };
}

/** An accepted package. */
export function packed(service: string, version = 1): IPackage {
  return {
    service,
    version,
    model: service,
    model_version: version,
    run: '4e86129cc34a42278702a61f84d57e4d',
    bento: `${service}:v${version}`,
    path: '',
    replay: {
      rows: 200,
      different: 0,
      largest_difference: 0,
      seconds: 0.1
    },
    data: [],
    time: '2026-11-22T12:00:00.000Z',
    changed: true,
    notes: []
  };
}

/** A service as the server lists it; it does not run unless that is said. */
export function service(
  name: string,
  more: Partial<IServiceEntry> = {}
): IServiceEntry {
  const ref = more.ref ?? `${name}@v1`;
  return {
    name,
    state: 'stopped',
    ref,
    newest: ref,
    model: ref,
    url: more.state ? 'http://127.0.0.1:3000' : null,
    since: more.state ? '2026-11-22T12:00:00.000Z' : null,
    requests: 0,
    p50: null,
    p95: null,
    package: packed(name),
    ...more
  };
}
