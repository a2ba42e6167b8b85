import './base.css';
import './sidebar.css';
import './tabs.css';
import './changes.css';
import './experiments.css';
import './services.css';
import './contrast.css';
