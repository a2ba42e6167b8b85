import { nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';
import { fireEvent, screen, waitFor } from '@testing-library/react';

import { ApiError } from '../api';
import { IMlflowPages } from '../types';
import { MlflowTab } from './tab';

const trans = nullTranslator.load('e2e_lab');
const OWN = {
  own: true,
  url: 'http://127.0.0.1:8888/user/ada/e2e-lab/mlflow/k/#/experiments/1/runs'
};

function tab(answers: (IMlflowPages | ApiError)[]) {
  const mlflow = jest.fn<Promise<IMlflowPages>, [string, string | null]>(() => {
    const answer = answers.shift();
    return answer instanceof ApiError
      ? Promise.reject(answer)
      : Promise.resolve(answer as IMlflowPages);
  });
  const made = new MlflowTab('flights', {
    api: { mlflow },
    themes: null,
    trans
  });
  return { made, mlflow };
}

const frame = () => document.querySelector('iframe') as HTMLIFrameElement;

describe('the MLflow tab', () => {
  // Lab draws it, not the test: React need not be told of each change.
  beforeAll(() => Object.assign(global, { IS_REACT_ACT_ENVIRONMENT: false }));

  it('begins MLflow only when it is seen, and shows the page it is told', async () => {
    const { made, mlflow } = tab([OWN, OWN]);
    made.goTo({ at: '#/models' });
    expect(mlflow).not.toHaveBeenCalled();
    Widget.attach(made, document.body);
    await screen.findByText(/MLflow is being started/);
    await waitFor(() => expect(made.at).toBe('#/models'));
    expect(frame().src).toBe(
      'http://127.0.0.1:8888/user/ada/e2e-lab/mlflow/k/#/models'
    );
    expect(frame().getAttribute('sandbox')).not.toContain('top-navigation');
    made.goTo({ run: 'abc' });
    expect(mlflow).toHaveBeenLastCalledWith('flights', 'abc');
    await waitFor(() => expect(made.at).toBe('#/experiments/1/runs'));
    made.dispose();
  });

  it('says what is missing with the line to type, and tries again', async () => {
    const line = "python -m pip install 'jupyter-server-proxy>=4.4'";
    const { made, mlflow } = tab([
      new ApiError('not_installed', 'It is not installed.', line),
      OWN
    ]);
    made.goTo({});
    Widget.attach(made, document.body);
    await screen.findByText('It is not installed.');
    screen.getByRole('button', { name: `Copy “${line}”` });
    fireEvent.click(screen.getByRole('button', { name: 'Retry' }));
    await waitFor(() => expect(frame().src).toBe(OWN.url));
    expect(mlflow).toHaveBeenCalledTimes(2);
    expect(screen.queryByRole('alert')).toBeNull();
    made.dispose();
  });

  it('links to the pages of a tracking server, and frames none', async () => {
    const url = 'http://tracking.example:5000/#/experiments/4/runs';
    const { made } = tab([{ own: false, url }]);
    made.goTo({});
    Widget.attach(made, document.body);
    const link = await screen.findByRole('link', {
      name: 'http://tracking.example:5000/'
    });
    expect(link.getAttribute('href')).toBe(url);
    expect(link.getAttribute('target')).toBe('_blank');
    expect(link.getAttribute('rel')).toContain('noopener');
    expect(frame().src).toMatch(/^(about:blank)?$/);
    made.dispose();
  });
});
