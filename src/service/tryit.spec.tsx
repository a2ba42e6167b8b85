import { nullTranslator } from '@jupyterlab/translation';
import { act, fireEvent, render, screen } from '@testing-library/react';
import * as React from 'react';

import { ApiError } from '../api';
import { service } from '../testing/models';
import { IRequestForm } from '../types';
import { Watch } from '../watch';
import { IServiceApi, ServiceModel } from './model';
import { TryIt } from './tryit';

const trans = nullTranslator.load('e2e_lab');
const FORM: IRequestForm = {
  ref: 'delay@v1',
  model: 'delay@v1',
  schema: {
    columns: [
      column('month', 'int64', false),
      column('wind', 'double', true),
      { ...column('origin', 'string', false), categories: ['EWR', 'JFK'] }
    ],
    outputs: ['predictions']
  },
  rows: [
    { month: 1, wind: 2.5, origin: 'JFK' },
    { month: 2, wind: null, origin: 'EWR' }
  ],
  why: ''
};

function column(name: string, type: string, nullable: boolean) {
  return {
    ...{ name, type, nullable },
    ...{ categories: null, ordered: false, dtype: '' }
  };
}

async function shown(api: Partial<IServiceApi> = {}) {
  const watch = new Watch({ revision: async () => 1 }, 'flights');
  const model = new ServiceModel(
    {
      service: async () => service('delay', { state: 'serving' }),
      requestForm: async () => FORM,
      trace: async () => ({ focus: '', nodes: [], edges: [], missing: [] }),
      ...api
    } as IServiceApi,
    watch,
    { folder: 'flights', name: 'delay' }
  );
  model.seen(true);
  await model.look();
  const draw = () => <TryIt {...{ model, trans, onOpen: jest.fn() }} />;
  const view = render(draw());
  model.changed.connect(() => view.rerender(draw()));
  return { model, watch };
}

describe('trying a service', () => {
  it('begins with a real row, and allows null only where the schema does', async () => {
    const { watch } = await shown();
    expect(screen.getByLabelText(/^month/)).toHaveProperty('value', '1');
    expect(screen.getByRole('combobox')).toHaveProperty('value', 'JFK');
    expect(screen.getAllByRole('checkbox')).toHaveLength(1);
    act(() =>
      fireEvent.click(screen.getByRole('button', { name: 'Another row' }))
    );
    expect(screen.getByRole('checkbox')).toHaveProperty('checked', true);
    watch.dispose();
  });

  it('shows the answer before the model was asked, and then whether it is equal', async () => {
    let tell: (equal: boolean) => void = () => undefined;
    const predict = jest.fn(async () => ({
      ...{ id: '01M82PQJY24HR74QK7E87E85ZW', model: 'delay@v1' },
      ...{ predictions: [25.5], seconds: 0.011 }
    }));
    const { watch } = await shown({
      predict,
      compare: () =>
        new Promise(resolve => {
          tell = equal =>
            resolve({ equal, own: [26], difference: 0.5, why: '' });
        })
    });
    await act(async () =>
      fireEvent.click(screen.getByRole('button', { name: 'Predict' }))
    );
    expect(predict).toHaveBeenCalledWith(
      { folder: 'flights', name: 'delay' },
      '[{"month": 1, "wind": 2.5, "origin": "JFK"}]'
    );
    const answer = screen.getByRole('status', { name: 'Answer' });
    expect(answer.textContent).toContain('25.5');
    expect(answer.textContent).toContain('11 ms');
    expect(answer.textContent).toContain('asking it');
    await act(async () => tell(false));
    expect(answer.textContent).toContain('Equal to the model: no, it says 26');
    watch.dispose();
  });

  it('shows what is wrong at its field, and goes there', async () => {
    const fault = "row 0, column 'month': should be a valid integer, got 'May'";
    const errors = [{ row: 0, column: 'month', message: fault }];
    const { model, watch } = await shown({
      predict: () =>
        Promise.reject(new ApiError('request_rejected', fault, '', errors))
    });
    act(() => model.write('month', { text: 'May', isNull: false }));
    await act(async () =>
      fireEvent.click(screen.getByRole('button', { name: 'Predict' }))
    );
    const field = screen.getByLabelText(/^month/);
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(document.activeElement).toBe(field);
    expect(screen.getByRole('alert').textContent).toBe(
      "should be a valid integer, got 'May'"
    );
    watch.dispose();
  });

  it('says where the service does not run that it must', async () => {
    const { watch } = await shown({ service: async () => service('delay') });
    expect(screen.queryByRole('button', { name: 'Predict' })).toBeNull();
    expect(screen.getByText('Serve it to ask it.')).toBeTruthy();
    watch.dispose();
  });
});
