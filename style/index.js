import './base.css';
import './sidebar.css';
import './tabs.css';
