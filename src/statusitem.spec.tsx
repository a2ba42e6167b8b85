import { nullTranslator } from '@jupyterlab/translation';
import { fireEvent, screen, waitFor } from '@testing-library/react';
import { Widget } from '@lumino/widgets';

import { ApiError, IApi } from './api';
import { FlowModel } from './flow/model';
import { StatusItem } from './statusitem';
import { STATUS } from './testing/status';
import { Watch } from './watch';

const trans = nullTranslator.load('e2e_lab');

it('tells in the status bar how many changes are not committed, without following anything', async () => {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false });
  const api = {
    revision: jest.fn(() => Promise.resolve(1)),
    status: jest.fn(() => Promise.resolve(STATUS))
  };
  const watch = new Watch(api, 'flights');
  const flow = new FlowModel(api as unknown as IApi, watch);
  const open = jest.fn();
  const item = new StatusItem(flow, trans, open);
  Widget.attach(item, document.body);
  expect(screen.queryByRole('button')).toBeNull();
  await flow.peek();
  fireEvent.click(await screen.findByText('flights · 1 change'));
  expect(open).toHaveBeenCalledTimes(1);
  api.status.mockResolvedValueOnce({ ...STATUS, unsaved: [] });
  await flow.peek();
  await screen.findByText('flights · all committed');
  api.status.mockRejectedValueOnce(new ApiError('no_project', 'None.'));
  await flow.peek();
  await waitFor(() => expect(screen.queryByRole('button')).toBeNull());
  expect(watch.looking).toBe(false);
  expect(api.revision).not.toHaveBeenCalled();
  item.dispose();
});
