import { JupyterFrontEnd } from '@jupyterlab/application';
import { DocumentRegistry } from '@jupyterlab/docregistry';

/** How often, and after how long, a save is asked for again that the server was too busy for. */
const TRIES = 5;
const PAUSE_MS = 200;

/**
 * Write an open document to the disk. One that several people edit is written by the server a second after each
 * change, and `context.save()` may find that file newer than it knows of and ask whether to overwrite it. So the
 * server is told to write now.
 */
export async function saveDocument(
  app: Pick<JupyterFrontEnd, 'docRegistry' | 'serviceManager'>,
  context: DocumentRegistry.Context
): Promise<void> {
  const { model, path } = context;
  const { contents } = app.serviceManager;
  const { contentProviderId, modelName = 'text' } =
    app.docRegistry.defaultWidgetFactory(path);
  const factory = app.docRegistry.getModelFactory(modelName);
  if (!model.collaborative || !contentProviderId || !factory) {
    return context.save();
  }
  const { contentType: type, fileFormat: format } = factory;
  for (let left = TRIES; ; left--) {
    try {
      await contents.save(path, {
        ...{ contentProviderId, format, type },
        content: format === 'json' ? model.toJSON() : model.toString()
      });
      return;
    } catch (reason) {
      if (left <= 1) {
        throw reason;
      }
      await new Promise(resolve => setTimeout(resolve, PAUSE_MS));
    }
  }
}
