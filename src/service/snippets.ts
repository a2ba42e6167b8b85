/** How a service is asked from elsewhere on this machine, as code. */
export function curl(url: string, row: string, token: string): string {
  const body = `{"rows": [${row}]}`.replace(/'/g, `'\\''`);
  return [
    `curl -s ${url}/predict \\`,
    `  -H "Authorization: Bearer ${token}" \\`,
    '  -H "Content-Type: application/json" \\',
    `  -d '${body}'`
  ].join('\n');
}

/** With the library, which finds the address and the token itself. */
export function python(ref: string, row: string): string {
  return [
    'import e2e_lab as e2e',
    '',
    `endpoint = e2e.serve("${ref}")  # the one that runs`,
    `answer = endpoint.predict([${pythonRow(row)}])`,
    'answer["predictions"]'
  ].join('\n');
}

/** With nothing but Python. */
export function plainPython(url: string, row: string, token: string): string {
  return [
    'import json',
    'from urllib.request import Request, urlopen',
    '',
    `rows = [${pythonRow(row)}]`,
    'request = Request(',
    `    "${url}/predict",`,
    '    data=json.dumps({"rows": rows}).encode(),',
    `    headers={"Authorization": "Bearer ${token}", "Content-Type": "application/json"},`,
    ')',
    'answer = json.load(urlopen(request))',
    'answer["predictions"]'
  ].join('\n');
}

/** A row of JSON as Python writes it: only the words for nothing, yes and no are others. */
export function pythonRow(row: string): string {
  return row.replace(
    /"(?:[^"\\]|\\.)*"|\b(?:null|true|false)\b/g,
    part => ({ null: 'None', true: 'True', false: 'False' })[part] ?? part
  );
}
