import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import a11y from 'eslint-plugin-jsx-a11y';
import hooks from 'eslint-plugin-react-hooks';
import ts from 'typescript-eslint';

export default ts.config(
  {
    ignores: [
      '**/node_modules/',
      '.venv/',
      '.yarn/',
      'coverage/',
      'e2e_lab/',
      'lib/',
      'site/',
      'ui-tests/playwright-report/',
      'ui-tests/test-results/'
    ]
  },
  {
    files: ['src/**/*.{ts,tsx}', 'ui-tests/**/*.ts'],
    extends: [
      js.configs.recommended,
      ...ts.configs.recommended,
      a11y.flatConfigs.recommended,
      hooks.configs['recommended-latest']
    ],
    rules: {
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'interface',
          format: ['PascalCase'],
          custom: { regex: '^I[A-Z]', match: true }
        }
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      curly: ['error', 'all'],
      eqeqeq: 'error',
      'prefer-arrow-callback': 'error'
    }
  },
  prettier
);
