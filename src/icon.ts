import { LabIcon } from '@jupyterlab/ui-components';

import svgstr from '../style/icons/e2e.svg';

/** The five boxes of the workflow chart, linked as they are there. */
export const e2eIcon = new LabIcon({ name: 'e2e-lab:e2e', svgstr });
