import { ApiError } from '../api';
import { version } from '../testing/data';
import { Watch } from '../watch';
import { DatasetModel, IDatasetApi } from './model';

/** A dataset whose listing ends before its oldest version. */
function open(selector: string | null) {
  const listed = [version(3, true), version(2)];
  const api = {
    versions: () => Promise.resolve({ items: listed }),
    version: jest.fn(({ selector }: { selector: string }) =>
      selector === 'v9'
        ? Promise.reject(new ApiError('version_not_found', 'There is no v9.'))
        : Promise.resolve(version(1))
    )
  };
  const watch = new Watch({ revision: () => Promise.resolve(1) });
  const model = new DatasetModel(
    api as unknown as IDatasetApi,
    watch,
    'flights',
    'flights',
    selector
  );
  return { model, api };
}

it('shows a version that the listing left out', async () => {
  const { model, api } = open('v1');
  (await model.ask())();
  expect(model.state.version?.ref).toBe('flights@v1');
  expect(model.state.versions).toHaveLength(3);
  expect(model.chosen).toBe('v1');
  expect(api.version).toHaveBeenCalledTimes(1);
});

it('says so where there is no such version, and shows the newest', async () => {
  const { model } = open('v9');
  (await model.ask())();
  expect(model.state.version?.ref).toBe('flights@v3');
  expect(model.state.problem?.message).toBe('There is no v9.');
  model.choose(model.state.versions![1]);
  expect(model.state.problem).toBeNull();
});

it('goes to a version that is asked for later', async () => {
  const { model } = open(null);
  (await model.ask())();
  model.chooseSelector('v2');
  expect(model.state.version?.version).toBe(2);
  model.chooseSelector('v1');
  await new Promise(resolve => setTimeout(resolve));
  expect(model.state.version?.version).toBe(1);
});
